#pragma once

#include <sched.h>

namespace bench {

/// How often a spinning peer of this process looks before it offers its core to others; 0 if both sides share one core.
inline unsigned spins_before_yield = 512;

inline void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits without sleeping, as the raw peers do. Bounded by the watchdog of the participant.
template <class Condition>
void spin_until(Condition holds) {
  for (unsigned tries = 0; !holds(); ++tries) {
    if (tries < spins_before_yield)
      relax();
    else
      sched_yield();
  }
}

}  // namespace bench
