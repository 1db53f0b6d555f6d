#pragma once

#include <atomic>

/// Orders a store before a later load between two sides of which one is far more frequent than the other, as in
/// "commit, then look whether anybody sleeps" beside "announce the sleep, then look whether anything was committed".
/// The frequent side pays nothing; the other has the kernel put a full fence into every running thread of all
/// participants (membarrier(2), MEMBARRIER_CMD_GLOBAL_EXPEDITED).
namespace troupe::memory::asymmetric_fence {

/// Whether this process can take part, on both sides. The first call registers it; a forked child registers anew.
[[nodiscard]] bool available() noexcept;

/// The frequent side. `asymmetric`: what all participants of the shared object agreed on.
inline void light(bool asymmetric) noexcept {
  if (asymmetric)
    std::atomic_signal_fence(std::memory_order_seq_cst);
  else
    __sync_synchronize();
}

/// The rare side: 0.4 us if no participant runs, 10 us if one does.
void heavy(bool asymmetric) noexcept;

}  // namespace troupe::memory::asymmetric_fence
