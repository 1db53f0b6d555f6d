#pragma once

#include "troupe/memory/asymmetric_fence.hpp"
#include "troupe/memory/park.hpp"

namespace troupe::memory {

/// Lets processes sleep until a predicate over shared memory may have become true. Lives in shared memory; zero is its
/// initial state.
///
/// The state word is `version << 1 | waiting`; every transition but the last raises the version:
///   announce   (v, w) -> (v+1, 1)   a waiter will look at the predicate once more, then sleep
///   notify     (v, 1) -> (v+1, 1)   whoever announced and does not sleep yet will not; then all sleepers are woken
///   calm       (v, 1) -> (v, 0)     only if nobody announced since: the next notify needs no system call
///
/// The waiter announces, *then* looks again; the notifier changes the predicate, *then* reads the word. The heavy fence
/// between the waiter's two steps and the light one between the notifier's see to it that at least one sees the other
/// (SYNC "announce": Dekker's argument). `asymmetric` is what all users of the object agreed on (asymmetric_fence.hpp).
///
/// Death and stops: `waiting` is cleared after the wake, never before, so a notifier that is killed or stopped half way
/// leaves the bit for the next one; a waiter that dies leaves a bit that costs one needless wake. A notifier killed
/// between its change and its wake is made up for by the interrupt word (park.hpp).
class event_count {
 public:
  /// What `announce` saw; pass it to `wait`.
  using ticket = std::uint32_t;

  /// Call before the last look at the predicate.
  [[nodiscard]] ticket announce(bool asymmetric) noexcept {
    std::uint32_t seen = word_.load(std::memory_order_relaxed);  // the CAS below orders
    while (!word_.compare_exchange_weak(seen, (seen + version_step) | waiting, std::memory_order_seq_cst)) {
    }
    asymmetric_fence::heavy(asymmetric);
    return (seen + version_step) | waiting;  // SYNC "announce", waiter
  }

  /// For who waits on several objects at once.
  [[nodiscard]] parking_spot spot(ticket seen) const noexcept { return {&word_, seen}; }
  /// Sleeps until `notify` was called after `announce`, an interrupt came after `interrupts_seen` was sampled, or the
  /// limit (then false). Sample before looking for anything that a death changes.
  bool wait(ticket seen, std::uint32_t interrupts_seen, deadline limit) const {
    return park(word_, seen, interrupts_seen, limit);
  }

  /// Call after changing the predicate. No system call unless somebody announced a wait.
  void notify(bool asymmetric) noexcept {
    asymmetric_fence::light(asymmetric);
    if ((word_.load(std::memory_order_relaxed) & waiting) == 0) return;  // SYNC "announce", notifier
    std::uint32_t mine = word_.fetch_add(version_step, std::memory_order_seq_cst) + version_step;
    unpark_all(word_);
    if ((mine & waiting) != 0) word_.compare_exchange_strong(mine, mine & ~waiting, std::memory_order_seq_cst);
  }

 private:
  static constexpr std::uint32_t waiting = 1;
  static constexpr std::uint32_t version_step = 2;

  std::atomic<std::uint32_t> word_{0};
};

}  // namespace troupe::memory
