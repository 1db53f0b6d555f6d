#include "troupe/memory/region.hpp"
#include "support/catch.hpp"
#include "troupe/base/error.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace troupe;
using memory::region;

namespace {

long allocated_bytes(const region& r) {
  struct stat info{};
  REQUIRE(::fstat(r.fd(), &info) == 0);
  return info.st_blocks * 512;
}

}  // namespace

TEST_CASE("a region is shared by everybody who attaches to its file") {
  const auto first = region::create("test", 8192, 8192);
  const auto second = region::attach(unique_fd{::dup(first.fd())});
  CHECK(second.size() == 8192);
  first.data()[8191] = std::byte{42};
  CHECK(second.data()[8191] == std::byte{42});
}

TEST_CASE("a region cannot be shrunk or grown by anybody") {
  const auto r = region::create("test", 8192, 8192);
  CHECK(::ftruncate(r.fd(), 0) == -1);
  CHECK(::ftruncate(r.fd(), 1 << 20) == -1);
}

TEST_CASE("a sparse region costs only what was allocated, and gives it back") {
  const auto r = region::create("test", std::size_t{1} << 30, 4096);
  CHECK(allocated_bytes(r) == 4096);
  r.allocate(1 << 20, 1 << 20);
  CHECK(allocated_bytes(r) == 4096 + (1 << 20));
  r.data()[1 << 20] = std::byte{1};
  r.release(1 << 20, 1 << 20);
  CHECK(allocated_bytes(r) == 4096);
  CHECK(r.data()[1 << 20] == std::byte{0});
}

TEST_CASE("a slice maps a part of the same file") {
  const auto r = region::create("test", 65536, 65536);
  const auto part = r.slice(4096, 4096);
  part.data()[5] = std::byte{7};
  CHECK(r.data()[4096 + 5] == std::byte{7});
}

TEST_CASE("a file that is no sealed memory file is refused") {
  unique_fd unsealed{::memfd_create("plain", MFD_CLOEXEC)};
  REQUIRE(::ftruncate(unsealed.get(), 4096) == 0);
  CHECK_THROWS_AS(region::attach(std::move(unsealed)), error);
  CHECK_THROWS_AS(region::attach(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)}), error);
}

TEST_CASE("a slice that leads outside of the file is refused") {
  const auto r = region::create("test", 4096, 4096);
  CHECK_THROWS_AS(region::attach(unique_fd{::dup(r.fd())}, 4096), error);
  CHECK_THROWS_AS(region::attach(unique_fd{::dup(r.fd())}, 0, 4097), error);
}

TEST_CASE("memory that the machine does not have is an error, not a later crash") {
  const auto r = region::create("test", std::size_t{1} << 46, 4096, 4096);
  try {
    r.allocate(0, std::size_t{1} << 46);
    FAIL("a machine with 64 TiB of memory?");
  } catch (const error& e) {
    CHECK(e.code() == errc::out_of_memory);
  }
}
