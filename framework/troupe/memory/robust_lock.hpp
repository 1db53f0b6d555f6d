#pragma once

#include "troupe/base/deadline.hpp"

#include <pthread.h>

namespace troupe::memory {

/// A mutual-exclusion lock in shared memory that the death of its owner cannot keep: the kernel passes it on to a
/// waiter.
///
/// Whoever takes it over from a dead owner is told nothing, because nothing needs repair: everything guarded by such a
/// lock changes by one final store, so it is either changed or not. Works between processes of one pid namespace; the
/// memory of a lock must not be reused for anything else while a process maps it. Meets BasicLockable.
class robust_lock {
 public:
  /// Puts a new lock into this memory. Call once, before the memory is shared.
  robust_lock();
  robust_lock(const robust_lock&) = delete;
  robust_lock& operator=(const robust_lock&) = delete;
  ~robust_lock() = default;

  /// Blocks until the lock is held.
  void lock();
  /// Gives up at the limit; a limit already passed allows for the few microseconds another holder may need.
  [[nodiscard]] bool lock_until(deadline limit);
  void unlock() noexcept;

 private:
  void settle(int outcome);

  pthread_mutex_t mutex_;
};

}  // namespace troupe::memory
