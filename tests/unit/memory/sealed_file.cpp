#include "troupe/memory/sealed_file.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "troupe/base/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
namespace sealed_file = memory::sealed_file;

namespace {

long allocated_bytes(const unique_fd& file) {
  struct stat info{};
  REQUIRE(::fstat(file.get(), &info) == 0);
  return info.st_blocks * 512;
}

const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));

}  // namespace

TEST_CASE("sizes are rounded up to whole pages") {
  CHECK(sealed_file::whole_pages(0) == 0);
  CHECK(sealed_file::whole_pages(1) == page);
  CHECK(sealed_file::whole_pages(page) == page);
  CHECK(sealed_file::whole_pages(page + 1) == 2 * page);
  CHECK(sealed_file::checked_size(sealed_file::create("test", page + 1, 0)) == 2 * page);
}

TEST_CASE("nobody can change the size of a sealed file, nor its seals; it is not inherited by other programs") {
  const auto file = sealed_file::create("test", 4 * page, page);
  CHECK(::ftruncate(file.get(), 0) == -1);
  CHECK(::ftruncate(file.get(), static_cast<off_t>(8 * page)) == -1);
  CHECK(::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE) == -1);
  CHECK(errno == EPERM);
  CHECK(sealed_file::checked_size(file) == 4 * page);
  CHECK((::fcntl(file.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("only what was allocated is backed by memory") {
  const auto file = sealed_file::create("test", 16 * page, 2 * page);
  CHECK(allocated_bytes(file) == static_cast<long>(2 * page));
  sealed_file::allocate(file, 4 * page, page);
  CHECK(allocated_bytes(file) == static_cast<long>(3 * page));
  sealed_file::allocate(file, 4 * page, 0);
  CHECK(allocated_bytes(file) == static_cast<long>(3 * page));
}

TEST_CASE("what is no sealed memory file is malformed") {
  const auto checked = [](unique_fd file) {
    REQUIRE(file);
    return error_of([&] { (void)sealed_file::checked_size(file); });
  };
  CHECK(checked(unique_fd{::memfd_create("plain", MFD_CLOEXEC)}) == errc::malformed);
  unique_fd half{::memfd_create("half", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  REQUIRE(::fcntl(half.get(), F_ADD_SEALS, F_SEAL_GROW) == 0);
  CHECK(checked(std::move(half)) == errc::malformed);
  CHECK(checked(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)}) == errc::malformed);
  CHECK(error_of([] { (void)sealed_file::checked_size(unique_fd{}); }) == errc::malformed);
}

TEST_CASE("more memory than there is, is an error at once") {
  CHECK(error_of([] { (void)sealed_file::create("test", std::size_t{1} << 46, std::size_t{1} << 46); })
        == errc::out_of_memory);
}
