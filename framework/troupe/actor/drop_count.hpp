#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace troupe::actors {

/// Counts messages that were dropped, and logs so at the 1st, 10th, 100th, ...
class drop_count {
 public:
  void add(const std::string& what) noexcept;
  [[nodiscard]] std::uint64_t total() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};  // relaxed: a statistic
};

}  // namespace troupe::actors
