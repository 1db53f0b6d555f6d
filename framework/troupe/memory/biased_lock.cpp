#include "troupe/memory/biased_lock.hpp"

#include "troupe/memory/park.hpp"

#include <algorithm>

namespace troupe::memory {

namespace {

bool lock_mutex(std::timed_mutex& mutex, deadline limit) {
  if (limit.is_never()) return mutex.lock(), true;
  if (limit.passed()) return mutex.try_lock();
#ifdef __SANITIZE_THREAD__
  // ThreadSanitizer does not know pthread_mutex_clocklock; the wall clock is good enough under it.
  const auto left = std::min<deadline::clock::duration>(limit.when() - deadline::clock::now(), std::chrono::years{1});
  return mutex.try_lock_until(std::chrono::system_clock::now() + left);
#else
  return mutex.try_lock_until(limit.when());
#endif
}

}  // namespace

bool biased_lock::lock_slowly(deadline limit) {
  std::uintptr_t nobody = 0;
  if (!shared_.load(std::memory_order_relaxed)
      && first_.compare_exchange_strong(nobody, this_thread(), std::memory_order_relaxed))
    return lock_until(limit);

  if (!lock_mutex(mutex_, limit)) return false;
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
