#pragma once

#include "troupe/actor/address.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/runtime/asker.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

namespace troupe::actors {

/// The place where the answer to one ask arrives, shared by whoever waits and whoever answers. Thread-safe.
/// SYNC "answered": the answering thread's work happens-before the return of `wait` and `take`, by the mutex.
class pending_answer final : public runtime::asker {
 public:
  /// An ask of `whom`. `correlation` is its number in the table of asks to other processes; 0 within this process.
  explicit pending_answer(actor_address whom) noexcept : whom_{whom} {}

  [[nodiscard]] bool wants_bytes() const noexcept override { return false; }
  void succeed(runtime::body value) noexcept override;
  void fail(runtime::failure why) noexcept override;

  /// True once there is an outcome.
  [[nodiscard]] bool wait(deadline limit);
  /// The answer, or throws the failure. Only after `wait` said true, and once.
  [[nodiscard]] runtime::body take();

  [[nodiscard]] const actor_address& whom() const noexcept { return whom_; }
  std::uint64_t correlation = 0;  ///< written by the asker before it shares this

 private:
  void settle(runtime::body value, std::optional<runtime::failure> why) noexcept;

  const actor_address whom_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  bool settled_ = false;  // guarded by mutex_, like the two below
  runtime::body value_;
  std::optional<runtime::failure> failure_;
};

}  // namespace troupe::actors
