#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/memory/robust_lock.hpp"

#include <atomic>
#include <cstdint>

namespace troupe::memory {

/// The lock of something that several processes read and write, in shared memory beside it. A thread may lock it again
/// while it holds it.
///
/// Nobody hangs when its holder dies: the lock passes on. If that holder was within `lock` and `unlock`, what it guards
/// may be half changed, and the lock says so (`abandoned`) until somebody has put that right (`mend`). A
/// `brief_section` is for changes that commit with one store: a death in one leaves nothing to say.
///
/// Invariants:
///  D1  `depth_` is how many calls of `lock` the holder has not undone; it is 0 while nobody holds the lock, or the
///      holder is in a brief section only.
///  D2  `abandoned_` is 1 from when the lock was taken over with `depth_` above 0, until `mend`.
/// Thread-safe.
class data_lock {
 public:
  data_lock() : lock_{robust_lock::kind::recursive} {}

  /// Blocks until the lock is held.
  void lock() { (void)lock_until(deadline::never()); }
  [[nodiscard]] bool try_lock() { return entered(lock_.try_lock()); }
  [[nodiscard]] bool lock_until(deadline limit) { return entered(lock_.lock_until(limit)); }
  /// Undoing a `lock` takes two calls, between which the caller still holds it. The first says false, and changes
  /// nothing for anybody, unless this thread called `lock` and has not undone it; then the second must not follow.
  [[nodiscard]] bool begin_unlock();
  void end_unlock() noexcept;

  enum class abandoning : std::uint8_t { nobody_held_it, done, another_thread_holds_it };
  /// For a thread that will never call `unlock`, `times` of them, as what it locked goes away: as if it had died.
  abandoning abandon(std::uint32_t times) noexcept;

  /// Whether a holder died between `lock` and `unlock`, and nobody has called `mend` since.
  [[nodiscard]] bool abandoned() const noexcept { return abandoned_.load(std::memory_order_acquire) != 0; }
  /// To be called by who holds the lock, once what it guards is right again.
  void mend() noexcept { abandoned_.store(0, std::memory_order_release); }

  /// Holds the lock for a change that commits with one store, or for a look.
  class brief_section {
   public:
    explicit brief_section(data_lock& lock) : lock_{lock} { lock.noticed(lock.lock_.lock()); }
    brief_section(const brief_section&) = delete;
    brief_section& operator=(const brief_section&) = delete;
    ~brief_section() { lock_.lock_.unlock(); }

   private:
    data_lock& lock_;
  };

 private:
  [[nodiscard]] bool entered(robust_lock::outcome how) noexcept;
  void noticed(robust_lock::outcome how) noexcept;

  robust_lock lock_;
  std::atomic<std::uint32_t> depth_{0};      // written under `lock_`
  std::atomic<std::uint32_t> abandoned_{0};  // written under `lock_`
};

}  // namespace troupe::memory
