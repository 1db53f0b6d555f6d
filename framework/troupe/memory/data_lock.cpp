#include "troupe/memory/data_lock.hpp"

#include <algorithm>

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

data_lock::abandoning data_lock::abandon(std::uint32_t times) noexcept {
  const auto how = lock_.try_lock();  // its holder gets it once more
  if (how == robust_lock::outcome::timeout) return abandoning::another_thread_holds_it;
  noticed(how);
  const std::uint32_t depth = depth_.load(std::memory_order_relaxed);
  const std::uint32_t given_up = std::min(times, depth);
  if (given_up != 0) abandoned_.store(1, std::memory_order_release);  // first, as in `noticed`
  depth_.store(depth - given_up, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < given_up; ++i) lock_.unlock();
  lock_.unlock();
  return given_up != 0 ? abandoning::done : abandoning::nobody_held_it;
}

bool data_lock::begin_unlock() {
  const auto how = lock_.try_lock();  // its holder gets it once more, and nobody else while there is one
  if (how == robust_lock::outcome::timeout) return false;
  noticed(how);
  if (depth_.load(std::memory_order_relaxed) != 0) return true;
  lock_.unlock();
  return false;
}

void data_lock::end_unlock() noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  depth_.store(depth_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  lock_.unlock();  // what `begin_unlock` took
  lock_.unlock();
}

}  // namespace troupe::memory
