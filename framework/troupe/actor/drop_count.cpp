#include "troupe/actor/drop_count.hpp"

#include "troupe/base/log.hpp"

namespace troupe::actors {

namespace {

bool is_power_of_ten(std::uint64_t n) noexcept {
  while (n % 10 == 0) n /= 10;
  return n == 1;
}

}  // namespace

void drop_count::add(const std::string& what) noexcept {
  const std::uint64_t now = count_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (is_power_of_ten(now)) log(log_level::warning, what + " (" + std::to_string(now) + " dropped messages so far)");
}

}  // namespace troupe::actors
