#pragma once

#include "troupe/runtime/body.hpp"
#include "troupe/runtime/failure.hpp"

#include <memory>
#include <utility>

namespace troupe::runtime {

/// Whoever waits for the answer to one ask: a caller in this process, or the way back to another process.
/// Exactly one of `succeed` and `fail` is called, once, on any thread.
class asker {
 public:
  virtual ~asker() = default;
  /// The answer must come in its wire format.
  [[nodiscard]] virtual bool wants_bytes() const noexcept = 0;
  virtual void succeed(body value) noexcept = 0;
  virtual void fail(failure why) noexcept = 0;
};

/// The duty to answer one ask. Moves with the message; if it is dropped unanswered (the actor stopped first) the asker
/// is told so: an ask never hangs because its message was lost.
class reply_duty {
 public:
  reply_duty() noexcept = default;
  explicit reply_duty(std::shared_ptr<asker> to) noexcept : to_{std::move(to)} {}
  reply_duty(reply_duty&&) noexcept = default;
  reply_duty& operator=(reply_duty&& other) noexcept {
    if (this != &other) {
      abandon();
      to_ = std::move(other.to_);
    }
    return *this;
  }
  ~reply_duty() { abandon(); }

  [[nodiscard]] explicit operator bool() const noexcept { return to_ != nullptr; }
  [[nodiscard]] bool wants_bytes() const noexcept { return to_->wants_bytes(); }
  void succeed(body value) noexcept { std::exchange(to_, nullptr)->succeed(std::move(value)); }
  void fail(failure why) noexcept { std::exchange(to_, nullptr)->fail(std::move(why)); }
  /// Nobody waits any more: the caller of `ask` gets the error in another way.
  void waive() noexcept { to_.reset(); }

 private:
  void abandon() noexcept {
    if (to_) fail({});  // who it was is known to the asker, not here
  }
  std::shared_ptr<asker> to_;
};

}  // namespace troupe::runtime
