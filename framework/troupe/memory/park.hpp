#pragma once

#include "troupe/base/deadline.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace troupe::memory {

/// Every sleep in troupe is on two words: the one of the object waited for, and this process's **interrupt word**,
/// which is bumped whenever any process of the tree dies. A sleeper then looks again at what it waits for, so a partner
/// that was killed between changing something and waking the others cannot leave anybody asleep.
namespace interrupt {

using word = std::atomic<std::uint32_t>;
static_assert(word::is_always_lock_free && sizeof(word) == 4);

/// This process's own; see `use`.
extern std::atomic<word*> own;

/// The value to hand to `park`; read it *before* looking at what is waited for.
[[nodiscard]] inline std::uint32_t sample() noexcept {
  // Relaxed: set before any thread waits.
  return own.load(std::memory_order_relaxed)->load(std::memory_order_seq_cst);
}
/// Makes `shared` this process's interrupt word, and has `at_nap` called by every sleeper once in a while, at least
/// every `longest_nap`: for what nobody would tell it, as when those who announce deaths are dead themselves. Called
/// once by the process room, before any thread waits.
void use(word& shared, void (*at_nap)() noexcept) noexcept;
inline constexpr auto longest_nap = std::chrono::seconds{1};
/// Ends that, when this process leaves its tree.
void use_none() noexcept;
/// Bumps `target` and wakes everybody who sleeps on it. Any process may call it.
void raise(word& target) noexcept;
/// Bumps this process's own, so that its sleepers look again.
void raise_own() noexcept;

}  // namespace interrupt

/// Sleeps while `object` holds `seen` and no interrupt came since `interrupts_seen` was sampled, until `limit`.
/// Returns false once the limit has passed, true otherwise: look again, the wake-up may be spurious.
/// Works between processes when `object` lies in shared memory.
bool park(const std::atomic<std::uint32_t>& object, std::uint32_t seen, std::uint32_t interrupts_seen, deadline limit);
/// A futex word, and the value that it had when there was nothing to do.
struct parking_spot {
  const std::atomic<std::uint32_t>* word;
  std::uint32_t seen;
};
inline constexpr std::size_t most_parking_spots = 127;
/// The same over several objects: sleeps while all of them hold what was seen.
bool park_on_any(std::span<const parking_spot> objects, std::uint32_t interrupts_seen, deadline limit);

/// Wakes everybody parked on `object`.
void unpark_all(const std::atomic<std::uint32_t>& object) noexcept;

/// Throws errc::unsupported when the kernel lacks futex_waitv (Linux 5.16).
void require_park();

}  // namespace troupe::memory
