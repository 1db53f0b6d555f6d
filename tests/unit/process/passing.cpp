// What a process can be given beside plain arguments: bound functions and plain descriptors.
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/run.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/shared_fd.hpp"

#include <array>
#include <fcntl.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

namespace {

struct calculator {
  static int subtract(int from, int amount) { return from - amount; }
};

/// A functor with state of its own.
struct scale {
  int factor = 0;
  int operator()(int number) const { return number * factor; }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & factor;
  }
};

std::pair<unique_fd, unique_fd> plain_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {unique_fd{ends[0]}, unique_fd{ends[1]}};
}

void write_into(shared_fd out, std::string text) {
  if (::write(out.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::_Exit(1);
}

std::string all_of(const unique_fd& from) {
  std::string all;
  for (char c = 0; ::read(from.get(), &c, 1) == 1;) all += c;
  return all;
}

}  // namespace

TEST_CASE("functions, static members, lambdas and functors can be bound to the first of their arguments") {
  CHECK(run(process{troupe::bind(&calculator::subtract, 7), 3}) == 4);
  CHECK(run(process{troupe::bind(&calculator::subtract, 7, 2)}) == 5);
  CHECK(run(process{troupe::bind([](const std::string& text, int more) { return int(text.size()) + more; }, "four"), 1})
        == 5);
  CHECK(run(process{troupe::bind(scale{3}, 4)}) == 12);
  CHECK(run(process{troupe::bind(bind(&calculator::subtract, 9), 1)}) == 8);
  CHECK(run(process{process_options{.method = start_method::spawn}, troupe::bind(&calculator::subtract, 7), 3}) == 4);
}

TEST_CASE("handles can be bound, a connection by moving it") {
  queue<int> numbers;
  auto [here, there] = pipe();
  CHECK(run(process{troupe::bind(
                        [](queue<int> to, connection line, int number) {
                          to.put(number);
                          line.send(number + 1);
                        },
                        numbers, std::move(there)),
                    5})
        == 0);
  CHECK(numbers.get() == 5);
  CHECK(here.recv<int>() == 6);
}

TEST_CASE("a plain descriptor travels as an argument, and in messages to processes that were started before") {
  auto [from, into] = plain_pipe();
  auto [here, there] = pipe();
  queue<shared_fd> descriptors;
  process earlier{[](connection line, queue<shared_fd> more) {
                    write_into(line.recv<shared_fd>(), "by message, ");
                    write_into(more.get(), "by queue, ");
                  },
                  std::move(there), descriptors};
  earlier.start();
  {
    const shared_fd out{std::move(into)};
    here.send(out);
    descriptors.put(out);
    earlier.join();
    CHECK(run(process{write_into, out, "as an argument"}) == 0);
  }
  CHECK(earlier.exit_code() == 0);
  CHECK(all_of(from) == "by message, by queue, as an argument");
}

TEST_CASE("a descriptor that is none cannot travel, and a bad one cannot be shared") {
  auto [here, there] = pipe();
  CHECK(error_of([&end = here] { end.send(shared_fd{}); }) == errc::closed);
  CHECK_THROWS_AS(shared_fd::duplicate(-1), error);
  const shared_fd copy = shared_fd::duplicate(STDERR_FILENO);
  CHECK(copy.get() > STDERR_FILENO);
  CHECK_FALSE(shared_fd{});
}
