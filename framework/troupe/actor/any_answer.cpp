#include "troupe/actor/any_answer.hpp"

#include "troupe/actor/node_core.hpp"
#include "troupe/runtime/engine.hpp"

namespace troupe::actors {

any_answer::any_answer(std::shared_ptr<pending_answer> pending, deadline limit) noexcept
    : pending_{std::move(pending)}
    , limit_{limit} {}

any_answer& any_answer::operator=(any_answer&& other) noexcept {
  if (this == &other) return *this;
  forget();
  pending_ = std::move(other.pending_);
  limit_ = other.limit_;
  return *this;
}

any_answer::~any_answer() { forget(); }

// An answer nobody waits for any more must not stay in the table of those that may come.
void any_answer::forget() noexcept {
  if (!pending_ || pending_->correlation == 0) return;
  if (node_core* here = node_core::current_or_null()) here->forget(pending_->correlation);
  pending_.reset();
}

bool any_answer::wait(deadline limit) {
  if (pending_->wait(deadline::now())) return true;
  if (!limit.is_never() || pending_->correlation != 0) return pending_->wait(limit);
  const auto answered = [this] { return pending_->wait(deadline::now()); };
  const runtime::blocking_wait only_an_actor_of_this_process_can_answer{pending_->whom().actor, answered};
  return pending_->wait(limit);
}

std::optional<runtime::body> any_answer::take(deadline patience) {
  if (!pending_) throw error{errc::invalid_argument, "this answer was taken before, or moved away"};
  if (wait(limit_.earlier(patience))) {
    const auto pending = std::move(pending_);
    return pending->take();
  }
  if (!limit_.passed()) return std::nullopt;
  const actor_address whom = pending_->whom();
  forget();
  pending_.reset();
  throw error{errc::timeout, describe(whom) + " did not answer within the limit of the ask"};
}

}  // namespace troupe::actors
