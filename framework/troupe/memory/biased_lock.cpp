#include "troupe/memory/biased_lock.hpp"

#include "troupe/memory/park.hpp"

namespace troupe::memory {

bool biased_lock::lock_slowly(deadline limit) {
  std::uintptr_t nobody = 0;
  if (!shared_.load(std::memory_order_relaxed)
      && first_.compare_exchange_strong(nobody, this_thread(), std::memory_order_relaxed))
    return lock_until(limit);

  const bool have = limit.is_never() ? (mutex_.lock(), true) : mutex_.try_lock_until(limit.when());
  if (!have) return false;
  shared_.store(true, std::memory_order_relaxed);
  asymmetric_fence::heavy(asymmetric_);  // SYNC "bias", whoever shares
  while (inside_.load(std::memory_order_acquire) != 0) {
    if (park(inside_, 1, interrupt::sample(), limit)) continue;
    mutex_.unlock();
    return false;
  }
  return true;
}

void biased_lock::wake() noexcept { unpark_all(inside_); }

}  // namespace troupe::memory
