#pragma once

#include "troupe/base/deadline.hpp"

#include <chrono>
#include <cstdint>

namespace troupe::memory {

/// Tells the processor that this is a spin loop.
inline void relax_processor() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// What a thread does between "nothing there" and going to sleep: it looks for about as long as a sleep and a wake-up
/// would cost, less and less while that turns out in vain, and not at all on a single processor, where the partner
/// cannot run meanwhile. Then it offers its processor to others once, which on one core is the quickest way to the
/// partner; not, for a while, if others kept it long. One object for each place of waiting; used by one thread at a
/// time.
class adaptive_spin {
 public:
  /// Whether `ready()` became true.
  template <class Ready>
  [[nodiscard]] bool until(Ready ready, deadline limit) {
    return looked(ready, limit) || (may_yield() && (yield(), ready())) || failed();
  }

 private:
  static constexpr int quick_looks = 200;  // a processor's pause would double the latency of a partner who is at work
  static constexpr int looks_per_clock_reading = 16;
  static constexpr std::int64_t longest = 50'000;     // ns: the cost of waking an idle processor, and of a short answer
  static constexpr std::int64_t shortest = 500;       // ns: below, it is not worth the looking
  static constexpr std::int64_t long_yield = 50'000;  // ns
  static constexpr std::uint32_t retry_every = 32;    // sleeps between two tries of what did not work

  template <class Ready>
  [[nodiscard]] bool looked(Ready ready, deadline limit) {
    const std::int64_t budget = next_budget();
    if (budget == 0) return false;
    for (int i = 0; i < quick_looks; ++i)
      if (ready()) return succeeded();
    const auto end = limit.earlier(deadline::after(std::chrono::nanoseconds{budget})).when();
    do {
      for (int i = 0; i < looks_per_clock_reading; ++i) {
        if (ready()) return succeeded();
        relax_processor();
      }
    } while (deadline::clock::now() < end);
    budget_ /= 2;
    return false;
  }
  std::int64_t next_budget() const noexcept;
  bool succeeded() noexcept;
  bool may_yield() const noexcept { return sleeps_ >= yield_from_; }
  void yield() noexcept;
  bool failed() noexcept;

  std::int64_t budget_ = longest;
  std::uint32_t sleeps_ = 0;
  std::uint32_t yield_from_ = 0;  // the number of sleeps from which yielding is tried again
};

}  // namespace troupe::memory
