#include "troupe/memory/bulk_copy.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <random>
#include <vector>

using troupe::memory::bulk_copy;

// More blocks than are copied in one way, so that both ways are taken, to places of every alignment.
TEST_CASE("a block is copied whole, and nothing beside it, whatever its size and place") {
  std::mt19937 random{1};  // NOLINT(*-msc*): the same each time
  const auto any_byte = [&] { return std::byte(random()); };
  std::vector<std::byte> from(3 * bulk_copy::large);
  std::generate(from.begin(), from.end(), any_byte);
  bulk_copy copy;
  for (std::size_t i = 0; i < 300; ++i) {
    const std::size_t source = random() % 100;
    const std::size_t place = i % 70;
    const std::size_t size = i % 3 == 0 ? random() % 300 : bulk_copy::large - 100 + random() % (bulk_copy::large + 200);
    std::vector<std::byte> to(from.size(), std::byte{0xa5});
    std::vector<std::byte> expected = to;
    std::copy_n(from.begin() + std::ptrdiff_t(source), size, expected.begin() + std::ptrdiff_t(place));
    copy(to.data() + place, std::span{from}.subspan(source, size));
    REQUIRE(to == expected);
  }
}

TEST_CASE("an empty block may come from nowhere") {
  bulk_copy copy;
  std::byte to{7};
  copy(&to, {});
  CHECK(to == std::byte{7});
}
