#pragma once

#include "troupe/base/deadline.hpp"

#include <pthread.h>

namespace troupe::memory {

/// A mutual-exclusion lock in shared memory that the death of its owner cannot keep: the kernel passes it on to a
/// waiter.
///
/// What such a lock guards changes by one final store, so it is either changed or not; whoever takes the lock over from
/// a dead owner can find preparations for a change that never came, and is told. Works between processes of one pid
/// namespace; the memory of a lock must not be reused for anything else while a process maps it. Meets BasicLockable.
class robust_lock {
 public:
  enum class outcome : unsigned char {
    timeout,
    locked,
    inherited,  ///< locked, and its last owner died with it. Whoever dies with it now leaves it to the next in this way
  };
  /// Whether the thread that holds it may lock it once more; then it is free after as many unlocks.
  enum class kind : unsigned char { plain, recursive };

  /// Puts a new lock into this memory. Call once, before the memory is shared.
  explicit robust_lock(kind which = kind::plain);
  robust_lock(const robust_lock&) = delete;
  robust_lock& operator=(const robust_lock&) = delete;
  ~robust_lock() = default;

  /// Blocks until the lock is held.
  outcome lock() { return lock_until(deadline::never()); }
  /// Gives up at the limit; a limit already passed allows for the few microseconds another holder may need.
  [[nodiscard]] outcome lock_until(deadline limit);
  /// Does not wait at all.
  [[nodiscard]] outcome try_lock();
  void unlock() noexcept;

 private:
  pthread_mutex_t mutex_;
};

}  // namespace troupe::memory
