#include "troupe/memory/mirrored_rings.hpp"
#include "support/catch.hpp"
#include "troupe/base/error.hpp"
#include "troupe/memory/sealed_file.hpp"

#include <cstring>
#include <fcntl.h>
#include <numeric>
#include <span>
#include <sys/stat.h>
#include <utility>

using namespace troupe;
using memory::mirrored_rings;

namespace {

constexpr std::size_t ring_bytes = 8192;

unique_fd copy_of(int fd) { return unique_fd{::fcntl(fd, F_DUPFD_CLOEXEC, 0)}; }

errc refusal(unique_fd file, std::size_t rings, std::size_t bytes) {
  try {
    (void)mirrored_rings::attach(std::move(file), rings, bytes);
  } catch (const error& e) {
    return static_cast<errc>(e.code().value());
  }
  return errc{};
}

}  // namespace

TEST_CASE("each ring is seen twice in a row, so what runs over its end begins it again") {
  const auto rings = mirrored_rings::create("test", 2, ring_bytes);
  for (const std::size_t i : {0UL, 1UL}) {
    std::byte* ring = rings.ring(i);
    std::memset(ring, static_cast<int>(i + 1), ring_bytes);
    CHECK(std::memcmp(ring, ring + ring_bytes, ring_bytes) == 0);
    const std::uint64_t word = 0x0102'0304'0506'0708;
    std::memcpy(ring + ring_bytes - 4, &word, sizeof word);
    std::uint64_t again = 0;
    std::memcpy(&again, ring + 2 * ring_bytes - 4, 4);
    std::memcpy(reinterpret_cast<std::byte*>(&again) + 4, ring, 4);
    CHECK(again == word);
  }
  CHECK(rings.ring(0)[100] == std::byte{1});
  CHECK(rings.ring(1)[100] == std::byte{2});
  CHECK(rings.header()[mirrored_rings::header_bytes - 1] == std::byte{0});
}

TEST_CASE("rings are shared by all who attach to their file, which is backed by memory as a whole") {
  const auto first = mirrored_rings::create("test", 2, ring_bytes);
  const auto second = mirrored_rings::attach(copy_of(first.fd()), 2, ring_bytes);
  first.header()[7] = std::byte{7};
  first.ring(1)[ring_bytes] = std::byte{9};
  CHECK(second.header()[7] == std::byte{7});
  CHECK(second.ring(1)[0] == std::byte{9});
  struct stat info{};
  REQUIRE(::fstat(first.fd(), &info) == 0);
  CHECK(info.st_blocks * 512 == static_cast<long>(mirrored_rings::header_bytes + 2 * ring_bytes));
}

TEST_CASE("a file that does not hold just these rings is refused, and closed") {
  const auto rings = mirrored_rings::create("test", 1, ring_bytes);
  CHECK(refusal(copy_of(rings.fd()), 1, ring_bytes) == errc{});
  const int next = copy_of(rings.fd()).get();  // closed again at once
  CHECK(refusal(copy_of(rings.fd()), 2, ring_bytes) == errc::malformed);
  CHECK(refusal(copy_of(rings.fd()), 1, 2 * ring_bytes) == errc::malformed);
  CHECK(refusal(memory::sealed_file::create("test", 4096, 4096), 1, ring_bytes) == errc::malformed);
  CHECK(refusal(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)}, 1, ring_bytes) == errc::malformed);
  CHECK(copy_of(rings.fd()).get() == next);
}

TEST_CASE("rings that move keep their addresses") {
  auto first = mirrored_rings::create("test", 1, ring_bytes);
  std::byte* ring = first.ring(0);
  ring[5] = std::byte{5};
  mirrored_rings second{std::move(first)};
  CHECK(second.ring(0) == ring);
  mirrored_rings third;
  third = std::move(second);
  CHECK(third.ring(0) == ring);
  CHECK(third.ring(0)[5 + ring_bytes] == std::byte{5});
}
