#pragma once

#include "troupe/base/deadline.hpp"

#include <chrono>
#include <cstdint>

namespace troupe::memory {

/// The processors that this process may run on, as counted at the first call.
[[nodiscard]] unsigned usable_processors() noexcept;

/// Tells the processor that this is a spin loop.
inline void relax_processor() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Gives up the processor once to whoever else could use it.
void yield_processor() noexcept;

/// Looks for a while before a thread goes to sleep, for about as long as a sleep and a wake-up would cost; less and
/// less while that turns out in vain, and never with one processor only, where the partner cannot run meanwhile. One
/// object for each place of waiting; used by one thread at a time.
class adaptive_spin {
 public:
  /// Whether `ready()` became true while looking.
  template <class Ready>
  [[nodiscard]] bool until(Ready ready, deadline limit) {
    const std::int64_t budget = next_budget();
    if (budget > 0) {
      const auto start = deadline::clock::now();
      const auto end = limit.earlier(deadline::at(start + std::chrono::nanoseconds{budget})).when();
      do {
        for (int i = 0; i < looks_per_clock_reading; ++i) {
          if (ready()) return succeeded();
          relax_processor();
        }
      } while (deadline::clock::now() < end);
    }
    yield_processor();
    if (ready()) return true;
    return failed();
  }

 private:
  static constexpr int looks_per_clock_reading = 16;
  static constexpr std::int64_t longest = 30'000;  // ns: the cost of waking an idle processor
  static constexpr std::int64_t shortest = 500;
  static constexpr std::uint32_t retry_every = 64;  // after so many sleeps the longest is tried again

  std::int64_t next_budget() noexcept;
  bool succeeded() noexcept;
  bool failed() noexcept;

  std::int64_t budget_ = longest;
  std::uint32_t failures_ = 0;
};

}  // namespace troupe::memory
