#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/memory/asymmetric_fence.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>

namespace troupe::memory {

/// A lock between the threads of one process that costs its first user next to nothing: two plain stores and a load. A
/// second thread ends that for good, with one membarrier(2); from then on it is a mutex. For objects that nearly always
/// belong to one thread but must not break when they do not.
///
/// `first_` is the thread that the lock is biased to; `inside_` is written by that thread only; `shared_` goes from
/// false to true once. The first thread stores `inside_`, then reads `shared_`; whoever shares stores `shared_`, then
/// reads `inside_` behind the heavy fence: at least one sees the other (SYNC "bias"). After Dice, Moir, Scherer,
/// "Quickly Reacquirable Locks" (2010), without the reacquiring.
class biased_lock {
 public:
  biased_lock() = default;
  biased_lock(const biased_lock&) = delete;
  biased_lock& operator=(const biased_lock&) = delete;
  ~biased_lock() = default;

  /// False once the limit has passed.
  [[nodiscard]] bool lock_until(deadline limit) {
    if (is_first() && !shared_.load(std::memory_order_relaxed)) {
      inside_.store(1, std::memory_order_relaxed);
      asymmetric_fence::light(asymmetric_);
      if (!shared_.load(std::memory_order_relaxed)) return true;  // SYNC "bias", the first thread
      leave();
    }
    return lock_slowly(limit);
  }
  void unlock() noexcept {
    if (is_first() && inside_.load(std::memory_order_relaxed) != 0)
      leave();
    else
      mutex_.unlock();
  }

 private:
  [[nodiscard]] static std::uintptr_t this_thread() noexcept {
    static thread_local const char here = 0;
    return reinterpret_cast<std::uintptr_t>(&here);
  }
  [[nodiscard]] bool is_first() const noexcept { return first_.load(std::memory_order_relaxed) == this_thread(); }
  void leave() noexcept {
    inside_.store(0, std::memory_order_release);
    asymmetric_fence::light(asymmetric_);
    if (shared_.load(std::memory_order_relaxed)) wake();
  }
  bool lock_slowly(deadline limit);
  void wake() noexcept;

  const bool asymmetric_ = asymmetric_fence::available();
  std::atomic<std::uintptr_t> first_{0};
  std::atomic<std::uint32_t> inside_{0};  // a futex for who waits for the first thread to leave
  std::atomic<bool> shared_{false};
  std::timed_mutex mutex_;
};

}  // namespace troupe::memory
