// What CPython's _TestSharedMemory checks, and its counterpart here. ShareableList: unit/transport/shareable_list.cpp.
//   basics: "named memory is found by its name, and is the same bytes"
//   invalid size, name or both: "shared memory that cannot be is refused with the reason"; sizes are unsigned
//   a name that exists: "a name is given once"; there are no generated names that could collide: memory that needs no
//     name has none
//   a missing name, zero bytes in a name: "what cannot be a name is refused"
//   attach to existing, pickling with all protocols: "shared memory travels as an argument and in messages"; there is
//     one wire format
//   across processes: "a process that knows nothing but the name shares the memory"
//   cleaned after the end of its creator, leaked memory, track=True and False: "the name lasts as long as anybody has
//     the memory, whoever dies"; there is no tracker, no warning, and nothing to unlink
//   the server ignores SIGINT, shares the tracker, manager lifecycle: there is no server and no tracker; handles own
//     the memory together, and can be in any container
//   close with exported pointers: spans are good as long as a handle of the process is open
// TestSharedMemoryNames: "any bytes but zero can be a name".
#include "troupe/shared_memory.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/sanitizers.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

/// A name that no other test uses, at the same time or ever.
std::string fresh_name(const std::string& of) { return "test-" + of + "-" + std::to_string(::getpid()); }

errc error_of_opening(const std::string& name) {
  return error_of([&] { (void)shared_memory::open(name); });
}

/// In a child: has the memory of a name until the other side of the connection closes.
void hold(std::string name, connection report) {
  auto memory = shared_memory::open(name);
  memory.bytes()[1] = std::byte{2};
  report.send(true);
  try {
    (void)report.recv<bool>();
  } catch (const error&) {
    // our cue
  }
}
void create_and_hold(std::string name, connection report) {
  auto memory = shared_memory::create(name, 4096);
  memory.bytes()[0] = std::byte{1};
  report.send(true);
  (void)report.recv<bool>();
}

bool is_stopped(const std::filesystem::path& thread) {
  std::ifstream file{thread / "stat"};
  const std::string stat{std::istreambuf_iterator<char>{file}, {}};
  return stat.at(stat.rfind(')') + 2) == 'T';
}

/// Returns once each thread of the process has stopped.
void stop(const process& running) {
  REQUIRE(::kill(*running.pid(), SIGSTOP) == 0);
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/" + std::to_string(*running.pid()) + "/task"})
    while (!is_stopped(thread.path())) std::this_thread::yield();
}

struct holder {
  template <class Body>
  holder(Body body, const std::string& name) : holder{body, name, pipe()} {}
  void end() {
    line.close();
    child.join();
  }

 private:
  template <class Body>
  holder(Body body, const std::string& name, std::pair<connection, connection> ends)
      : line{std::move(ends.first)}
      , child{body, name, std::move(ends.second)} {
    child.start();
    REQUIRE(line.recv<bool>());
  }

 public:
  connection line;
  process child;
};

}  // namespace

TEST_CASE("shared memory is zero and exactly as large as was asked for") {
  auto memory = shared_memory::create(512);
  CHECK(memory.size() == 512);
  CHECK(memory.name().empty());
  CHECK(std::ranges::all_of(memory.bytes(), [](std::byte b) { return b == std::byte{0}; }));
  auto same = memory;
  memory.bytes()[511] = std::byte{42};
  CHECK(same.bytes()[511] == std::byte{42});
  memory.close();
  CHECK_FALSE(memory.is_open());
  CHECK(error_of([&] { (void)memory.bytes(); }) == errc::closed);
  CHECK(same.bytes()[511] == std::byte{42});
}

TEST_CASE("shared memory that cannot be is refused with the reason") {
  CHECK(error_of([] { (void)shared_memory::create(0); }) == errc::invalid_argument);
  CHECK(error_of([] { (void)shared_memory::create(static_cast<std::size_t>(-1)); }) == errc::out_of_memory);
  CHECK(error_of([] { (void)shared_memory::create(std::size_t{1} << 44); }) == errc::out_of_memory);
  const std::string name = fresh_name("refused");
  CHECK(error_of([&] { (void)shared_memory::create(name, std::size_t{1} << 44); }) == errc::out_of_memory);
  CHECK(error_of_opening(name) == errc::no_such_name);
}

TEST_CASE("sparse memory may be huge and costs what is touched") {
  constexpr std::size_t size = std::size_t{1} << (under_sanitizer ? 37 : 40);  // they leave little address space
  auto memory = shared_memory::create(size, {.sparse = true});
  CHECK(memory.size() == size);
  memory.bytes().back() = std::byte{7};
  memory.allocate(size / 2, 100);
  memory.bytes()[size / 2] = std::byte{8};
  CHECK(memory.bytes().back() == std::byte{7});
  CHECK(error_of([&] { memory.allocate(1, size); }) == errc::invalid_argument);
  CHECK(error_of([&] { memory.allocate(0, size); }) == errc::out_of_memory);
}

TEST_CASE("memory that was given back is zero, and nothing beside it is") {
  auto memory = shared_memory::create(4 * 4096);
  std::ranges::fill(memory.bytes(), std::byte{1});
  memory.release(100, 2 * 4096);
  CHECK(memory.bytes()[4095] == std::byte{1});
  CHECK(memory.bytes()[4096] == std::byte{0});
  CHECK(memory.bytes()[2 * 4096 - 1] == std::byte{0});
  CHECK(memory.bytes()[2 * 4096] == std::byte{1});
  CHECK(error_of([&] { memory.release(4 * 4096, 1); }) == errc::invalid_argument);
}

TEST_CASE("named memory is found by its name, and is the same bytes") {
  const std::string name = fresh_name("basics");
  auto first = shared_memory::create(name, 512);
  auto second = shared_memory::open(name);
  CHECK(first.name() == name);
  CHECK(second.name() == name);
  CHECK(second.size() == 512);
  first.bytes()[0] = std::byte{42};
  CHECK(second.bytes()[0] == std::byte{42});
  first.close();
  auto third = shared_memory::open(name);  // the creator is nobody special
  CHECK(third.bytes()[0] == std::byte{42});
  second.close();
  third.close();
  CHECK(error_of_opening(name) == errc::no_such_name);
  CHECK(shared_memory::create(name, 1).size() == 1);
}

TEST_CASE("a name is given once") {
  const std::string name = fresh_name("once");
  const auto memory = shared_memory::create(name, 10);
  CHECK(error_of([&] { (void)shared_memory::create(name, 10); }) == errc::name_in_use);
}

TEST_CASE("what cannot be a name is refused") {
  const std::string zero("a\0b", 3);
  for (const std::string& name : {std::string{}, zero, std::string(81, 'x')}) {
    CHECK(error_of([&] { (void)shared_memory::create(name, 10); }) == errc::invalid_argument);
    CHECK(error_of_opening(name) == errc::invalid_argument);
  }
  CHECK(error_of_opening(fresh_name("never made")) == errc::no_such_name);
  CHECK(error_of([] { (void)shared_memory::try_open_for(fresh_name("never made"), 1ms); }) == errc::no_such_name);
}

TEST_CASE("any bytes but zero can be a name") {
  std::string name = fresh_name("bytes:/with\nlines \xff");
  name.resize(80, '.');
  const auto memory = shared_memory::create(name, 10);
  CHECK(shared_memory::open(name).name() == name);
}

TEST_CASE("a process that knows nothing but the name shares the memory") {
  const std::string name = fresh_name("unrelated");
  auto memory = shared_memory::create(name, 16);
  holder other{hold, name};
  CHECK(memory.bytes()[1] == std::byte{2});
  other.end();
  CHECK(shared_memory::open(name).size() == 16);  // attachers never take it along
}

TEST_CASE("the name lasts as long as anybody has the memory, whoever dies") {
  const std::string name = fresh_name("owners");
  holder creator{create_and_hold, name};
  holder second{hold, name};
  creator.child.kill();
  creator.child.join();
  {
    const auto memory = shared_memory::open(name);
    CHECK(memory.bytes()[0] == std::byte{1});
    second.child.kill();
    second.child.join();
    CHECK(shared_memory::open(name).bytes()[1] == std::byte{2});
  }
  CHECK(error_of_opening(name) == errc::no_such_name);
}

TEST_CASE("a stopped holder is no answer, and any other one is") {
  const std::string name = fresh_name("stopped");
  holder creator{create_and_hold, name};
  stop(creator.child);
  CHECK_FALSE(shared_memory::try_open_for(name, 20ms));
  CHECK(error_of([&] { (void)shared_memory::create(name, 1); }) == errc::name_in_use);
  REQUIRE(::kill(*creator.child.pid(), SIGCONT) == 0);
  const auto memory = shared_memory::open(name);
  stop(creator.child);
  CHECK(shared_memory::open(name).bytes()[0] == std::byte{1});
  creator.child.kill();
  creator.child.join();
}

TEST_CASE("shared memory travels as an argument and in messages") {
  queue<shared_memory> q;
  const std::string name = fresh_name("travels");
  process child{[](queue<shared_memory> out, std::string named) {
                  auto memory = shared_memory::create(100);
                  memory.bytes()[99] = std::byte{9};
                  out.put(memory);
                  out.put(shared_memory::create(named, 100));
                },
                q, name};
  child.start();
  child.join();
  auto plain = q.get();
  CHECK(plain.size() == 100);
  CHECK(plain.bytes()[99] == std::byte{9});
  CHECK(plain.name().empty());
  {
    auto named = q.get();
    CHECK(named.name() == name);
    CHECK(shared_memory::open(name).size() == 100);
  }
  CHECK(error_of_opening(name) == errc::no_such_name);
}

TEST_CASE("a forked copy that closes its handle takes the name from nobody") {
  const std::string name = fresh_name("forked");
  auto memory = shared_memory::create(name, 64);
  const pid_t copy = ::fork();
  if (copy == 0) {
    memory.close();
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(copy, &status, 0) == copy);
  CHECK(status == 0);
  CHECK(shared_memory::open(name).size() == 64);
}

TEST_CASE("many open one name at the same time") {
  const std::string name = fresh_name("many");
  auto memory = shared_memory::create(name, 64);
  std::vector<process> children;
  for (int i = 0; i < 6; ++i)
    children
        .emplace_back(
            [](std::string of, int index) {
              for (int k = 0; k < 50; ++k)
                shared_memory::open(of).bytes()[static_cast<std::size_t>(index)] = std::byte{1};
            },
            name, i)
        .start();
  for (process& child : children) child.join();
  CHECK(std::ranges::count(memory.bytes(), std::byte{1}) == 6);
}

TEST_CASE("who holds a name without being troupe is found out") {
  const std::string name = fresh_name("liar");
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  const std::string path = "troupe/" + std::to_string(::geteuid()) + "/" + name;
  std::copy(path.begin(), path.end(), where.sun_path + 1);
  const unique_fd liar{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
  REQUIRE(::bind(liar.get(), reinterpret_cast<sockaddr*>(&where), size) == 0);
  REQUIRE(::listen(liar.get(), 1) == 0);
  CHECK_FALSE(shared_memory::try_open_for(name, 1ms));
}
