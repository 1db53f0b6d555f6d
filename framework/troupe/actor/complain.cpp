#include "troupe/actor/complain.hpp"

#include <cstdio>
#include <new>

namespace troupe::actors {

namespace {

bool is_power_of_ten(std::uint64_t n) noexcept {
  while (n % 10 == 0) n /= 10;
  return n == 1;
}

}  // namespace

void complain(std::string_view text) noexcept {
  try {
    const std::string line = "troupe: " + std::string{text} + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  } catch (const std::bad_alloc&) {
    std::fputs("troupe: out of memory\n", stderr);
  }
}

void drop_count::add(const std::string& what) noexcept {
  const std::uint64_t now = count_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (is_power_of_ten(now)) complain(what + " (" + std::to_string(now) + " dropped messages so far)");
}

}  // namespace troupe::actors
