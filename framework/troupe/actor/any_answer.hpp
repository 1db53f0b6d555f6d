#pragma once

#include "troupe/actor/pending_answer.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/runtime/body.hpp"

#include <memory>
#include <optional>

namespace troupe::actors {

/// `answer<T>` without its type. Move-only; one thread at a time.
class any_answer {
 public:
  any_answer() noexcept = default;
  any_answer(std::shared_ptr<pending_answer> pending, deadline limit) noexcept;
  any_answer(any_answer&&) noexcept = default;
  any_answer& operator=(any_answer&&) noexcept;
  ~any_answer();

  /// What came within `patience` and within the limit of the ask; nothing if only `patience` ended.
  /// Throws errc::timeout at the limit of the ask, and the failure of the ask.
  [[nodiscard]] std::optional<runtime::body> take(deadline patience);

 private:
  [[nodiscard]] bool wait(deadline limit);
  void forget() noexcept;

  std::shared_ptr<pending_answer> pending_;  // null once taken
  deadline limit_ = deadline::never();
};

}  // namespace troupe::actors
