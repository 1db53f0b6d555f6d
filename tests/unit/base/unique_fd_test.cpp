#include "support/catch.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

using troupe::unique_fd;

namespace {

struct open_pipe {
  unique_fd reading;
  unique_fd writing;
};

open_pipe make_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {unique_fd{ends[0]}, unique_fd{ends[1]}};
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a file descriptor is closed when its owner goes", "[base]") {
  int number = -1;
  {
    const auto pipe = make_pipe();
    number = pipe.reading.get();
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("moving a file descriptor leaves the source empty and closes what the target held", "[base]") {
  auto from = make_pipe();
  auto to = make_pipe();
  const int moved = from.reading.get();
  const int replaced = to.reading.get();
  to.reading = std::move(from.reading);
  CHECK(to.reading.get() == moved);
  CHECK(is_open(moved));
  CHECK_FALSE(is_open(replaced));
}

TEST_CASE("a released file descriptor stays open", "[base]") {
  auto pipe = make_pipe();
  const int number = pipe.reading.release();
  CHECK_FALSE(pipe.reading);
  CHECK(is_open(number));
  ::close(number);
}

TEST_CASE("a duplicate is another number for the same open file and closes on exec", "[base]") {
  auto pipe = make_pipe();
  const auto copy = pipe.writing.duplicate();
  CHECK(copy.get() != pipe.writing.get());
  CHECK((::fcntl(copy.get(), F_GETFD) & FD_CLOEXEC) != 0);
  pipe.writing.reset();
  char byte = 'x';
  CHECK(::write(copy.get(), &byte, 1) == 1);
  CHECK(::read(pipe.reading.get(), &byte, 1) == 1);
}

TEST_CASE("duplicating an empty owner fails with the system's error, naming call and object", "[base]") {
  try {
    const auto copy = unique_fd{}.duplicate();
    FAIL("duplicated nothing as " << copy.get());
  } catch (const troupe::error& failure) {
    CHECK(failure.code() == std::error_code(EBADF, std::system_category()));
    CHECK_THAT(failure.what(), troupe::test::contains("file descriptor -1"));
  }
}
