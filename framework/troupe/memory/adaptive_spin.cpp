#include "troupe/memory/adaptive_spin.hpp"

#include <algorithm>
#include <sched.h>

namespace troupe::memory {

unsigned usable_processors() noexcept {
  static const unsigned count = [] {
    cpu_set_t usable;
    return ::sched_getaffinity(0, sizeof usable, &usable) == 0 ? static_cast<unsigned>(CPU_COUNT(&usable)) : 1U;
  }();
  return count;
}

void yield_processor() noexcept { ::sched_yield(); }

std::int64_t adaptive_spin::next_budget() noexcept {
  if (usable_processors() < 2) return 0;
  if (budget_ >= shortest) return budget_;
  return failures_ % retry_every == 0 ? longest : 0;
}

bool adaptive_spin::succeeded() noexcept {
  budget_ = std::min(longest, std::max(budget_, shortest) * 2);
  failures_ = 0;
  return true;
}

bool adaptive_spin::failed() noexcept {
  budget_ /= 2;
  ++failures_;
  return false;
}

}  // namespace troupe::memory
