#include "troupe/memory/data_lock.hpp"

namespace troupe::memory {

// Relaxed, all of them: only the holder of the lock reads or writes `depth_`. The signal fences keep the compiler from
// moving what the caller does to the other side of it: what a killed process had stored is found by the next holder in
// program order, as the kernel hands the lock over after it.

void data_lock::noticed(robust_lock::outcome how) noexcept {
  if (how != robust_lock::outcome::inherited || depth_.load(std::memory_order_relaxed) == 0) return;
  abandoned_.store(1, std::memory_order_release);  // first: if we die here, the next one finds the depth as we did
  depth_.store(0, std::memory_order_relaxed);
}

bool data_lock::entered(robust_lock::outcome how) noexcept {
  if (how == robust_lock::outcome::timeout) return false;
  noticed(how);
  depth_.store(depth_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return true;
}

void data_lock::unlock() noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  depth_.store(depth_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  lock_.unlock();
}

}  // namespace troupe::memory
