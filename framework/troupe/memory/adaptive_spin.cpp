#include "troupe/memory/adaptive_spin.hpp"

#include <sched.h>
#include <unistd.h>

namespace troupe::memory {

namespace {

// Of the machine, not those that this thread is bound to: its partner may be bound to others.
const bool has_several_processors = ::sysconf(_SC_NPROCESSORS_ONLN) > 1;

}  // namespace

std::int64_t adaptive_spin::next_budget() const noexcept {
  if (!has_several_processors) return 0;
  if (budget_ >= shortest) return budget_;
  return sleeps_ % retry_every == retry_every - 1 ? longest : 0;
}

bool adaptive_spin::succeeded() noexcept {
  budget_ = longest;
  return true;
}

void adaptive_spin::yield() noexcept {
  const auto start = deadline::clock::now();
  ::sched_yield();
  if (deadline::clock::now() - start > std::chrono::nanoseconds{long_yield}) yield_from_ = sleeps_ + retry_every;
}

bool adaptive_spin::failed() noexcept {
  ++sleeps_;
  return false;
}

}  // namespace troupe::memory
