#include "troupe/actor/pending_answer.hpp"

namespace troupe::actors {

void pending_answer::succeed(runtime::body value) noexcept { settle(std::move(value), std::nullopt); }

void pending_answer::fail(runtime::failure why) noexcept { settle({}, std::move(why)); }

void pending_answer::settle(runtime::body value, std::optional<runtime::failure> why) noexcept {
  {
    const std::lock_guard lock{mutex_};  // SYNC "answered", answering side
    value_ = std::move(value);
    failure_ = std::move(why);
    settled_ = true;
  }
  arrived_.notify_all();
}

bool pending_answer::wait(deadline limit) {
  std::unique_lock lock{mutex_};  // SYNC "answered", waiting side
  const auto is_settled = [this] { return settled_; };
  if (limit.is_never()) {
    arrived_.wait(lock, is_settled);
    return true;
  }
  return arrived_.wait_until(lock, limit.when(), is_settled);
}

runtime::body pending_answer::take() {
  const std::lock_guard lock{mutex_};
  if (!failure_) return std::move(value_);
  if (failure_->code == errc::actor_gone && failure_->text.empty())
    failure_->text = describe(whom_) + " stopped before it answered";
  failure_->raise();
}

}  // namespace troupe::actors
