// Processes: starting, joining, ending.
//
// The counterparts of CPython's tests of processes, in this folder if no other is named:
//
// _TestProcess:
// - current_process, its fields; parent_process, a grandchild sees its parent die: family.cpp, "knows itself", "a
//   grandchild sees"
// - args as list or tuple: "arguments of any serializable type"
// - daemon inheritance: none, a daemon is what its creator says; family.cpp, "knows itself"
// - start, join, exitcode; join(0), join(-1) return at once: "runs its function"; try_join_for in family.cpp
// - interrupt, terminate, kill: "can be terminated and killed"; family.cpp, "can be interrupted"
// - active_children, recursion order: family.cpp, "the active children", "start processes of its own"
// - sentinel: "misuse is an error"; transport/wait.cpp, processes among what is waited for
// - close(): family.cpp, "a closed process object"
// - 100 processes at once: crash/family_test.cpp, five hundred
// - references to the target are dropped after start: connections that moved end with start, transport/pipe_ends.cpp
// - the count of descriptors does not grow: "leaks no descriptors"; crash/family_test.cpp, ten thousand
// - waits for non-daemon threads: not done, a std::jthread of the function does
// - broken or missing stdout and stderr: options.cpp, "lead nowhere"
// - a killed fork server is restarted: servers.cpp
// - authentication of the fork server: none is needed, its socket has no name
//
// Others:
// - _TestSubclassingProcess: own pipe, traceback, sys.exit values: functors; "an exception that escapes gives exit code
//   1"
// - TestStartMethod: contexts, set, get, force: none, the method is an option of each process; options.cpp runs both,
//   nested
// - TestCloseFds: "a child inherits no descriptors"
// - TestWait: transport/wait.cpp
// - _TestPollEintr: join survives SIGUSR1: family.cpp, "goes on after signals"
// - TestNoForkBomb: none, a child never gets past `troupe::system`
// - TestFlags, _TestSpawnedSysPath: options.cpp, variables of the environment, the folder
// - _TestLogging: logging.cpp
#include "troupe/process.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/run.hpp"
#include "troupe/base/error.hpp"
#include "troupe/pipe.hpp"
#include "troupe/queue.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

void report_pid(queue<int> out) { out.put(::getpid()); }
int exit_with(int code) { return code; }
void wait_for_end(connection from) {
  try {
    (void)from.recv<int>();
  } catch (const error&) {
    // the parent hung up: our cue
  }
}
[[noreturn]] void block() {
  for (;;) ::pause();
}

/// A functor with state of its own.
struct add {
  int amount = 0;
  int operator()(int to) const { return amount + to; }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & amount;
  }
};

}  // namespace

TEST_CASE("a process runs its function in another process and can be joined") {
  queue<int> out;
  process p{report_pid, out};
  CHECK_FALSE(p.pid());
  CHECK_FALSE(p.exit_code());
  CHECK_FALSE(p.is_alive());
  p.start();
  const int child = out.get();
  CHECK(child == p.pid());
  CHECK(child != ::getpid());
  p.join();
  p.join();
  CHECK(p.exit_code() == 0);
  CHECK_FALSE(p.is_alive());
}

TEST_CASE("functions, captureless lambdas and serializable functors can be run, and their int is the exit code") {
  CHECK(run(process{exit_with, 3}) == 3);
  CHECK(run(process{[](int a, int b) { return a * b; }, 6, 7}) == 42);
  CHECK(run(process{[](auto text) { return static_cast<int>(text.size()); }, "five!"}) == 5);
  CHECK(run(process{add{40}, 2}) == 42);
  CHECK(run(process{[] {}}) == 0);
}

TEST_CASE("arguments of any serializable type and size arrive, converted to the parameter types") {
  const std::vector<std::string> many(100'000, "word");
  CHECK(run(process{
            [](const std::vector<std::string>& words, const std::string& text, double x, std::string& by_reference) {
              by_reference += "!";
              return words.size() == 100'000 && text == "text" && x == 1.0 && by_reference == "ref!" ? 1 : 0;
            },
            many, "text", 1, "ref"})
        == 1);
}

TEST_CASE("a queue and a connection end travel as arguments") {
  auto [here, there] = pipe();
  queue<int> out;
  process p{[](connection c, queue<int> q) { q.put(c.recv<int>() + 1); }, std::move(there), out};
  p.start();
  here.send(41);
  CHECK(out.get() == 42);
  p.join();
  CHECK(error_of([&end = here] { (void)end.recv<int>(); }) == errc::end_of_stream);
}

TEST_CASE("an exception that escapes gives exit code 1, exit gives its code, a signal its negative number") {
  CHECK(run(process{[] { throw std::runtime_error{"this line on stderr is expected"}; }}) == 1);
  CHECK(run(process{[] { std::exit(7); }}) == 7);
  CHECK(run(process{[] { std::raise(SIGKILL); }}) == -SIGKILL);
}

TEST_CASE("a running process can be terminated and killed") {
  process politely{block};
  politely.start();
  CHECK(politely.is_alive());
  CHECK_FALSE(politely.try_join());
  CHECK_FALSE(politely.try_join_for(1ms));
  politely.terminate();
  politely.join();
  CHECK(politely.exit_code() == -SIGTERM);
  politely.kill();  // nothing happens any more
  CHECK(politely.exit_code() == -SIGTERM);

  process forcibly{block};
  forcibly.start();
  forcibly.kill();
  CHECK(forcibly.try_join_for(1h));
  CHECK(forcibly.exit_code() == -SIGKILL);
}

TEST_CASE("a signal sent right after the start is not lost") {
  for (int i = 0; i < 200; ++i) {
    process p{block};
    p.start();
    p.terminate();
    p.join();
    REQUIRE(p.exit_code() == -SIGTERM);
  }
}

TEST_CASE("misuse is an error with a sentence") {
  process p{block};
  CHECK(error_of([&] { p.join(); }) == errc::not_started);
  CHECK(error_of([&] { p.terminate(); }) == errc::not_started);
  p.start();
  CHECK(error_of([&] { p.start(); }) == errc::already_started);
  p.kill();
  process moved = std::move(p);
  CHECK(error_of([&] { p.start(); }) == errc::not_started);  // NOLINT(bugprone-use-after-move): that is the test
  moved.join();
}

TEST_CASE("a process has the name it was given, or one of its own") {
  process named{process_options{.name = "bank"}, block};
  CHECK(named.name() == "bank");
  process a{block};
  process b{block};
  CHECK(a.name().starts_with("process-"));
  CHECK(a.name() != b.name());
}

TEST_CASE("destroying a running process joins it") {
  queue<int> out;
  {
    process p{report_pid, out};
    p.start();
  }
  CHECK(out.size() == 1);
}

TEST_CASE("a process can start processes of its own, and its children end when it is killed") {
  queue<int> pids;
  auto [here, there] = pipe();
  process parent{[](queue<int> out, connection hold) {
                   process child{[](queue<int> q, connection c) {
                                   q.put(::getpid());
                                   wait_for_end(std::move(c));
                                 },
                                 out, std::move(hold)};
                   child.start();
                   child.join();
                 },
                 pids, std::move(there)};
  parent.start();
  const int grandchild = pids.get();
  CHECK(::kill(grandchild, 0) == 0);
  parent.kill();
  parent.join();
  // The grandchild is the only owner of the other end: its death, and nothing else, ends the stream.
  CHECK(error_of([&end = here] { (void)end.recv<int>(); }) == errc::end_of_stream);
}

TEST_CASE("processes can be started and joined from several threads at once") {
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&sum, t] {
      for (int i = 0; i < 10; ++i) sum += run(process{exit_with, t});
    });
  for (auto& t : threads) t.join();
  CHECK(sum == 10 * (0 + 1 + 2 + 3));
}

TEST_CASE("starting and joining many processes leaks no descriptors and no rows of the table") {
  const auto open_descriptors = [] {
    int count = 0;
    for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return count;
  };
  const int before = open_descriptors();
  for (int i = 0; i < 1200; ++i) REQUIRE(run(process{exit_with, i % 100}) == i % 100);  // more than the table has rows
  CHECK(open_descriptors() == before);
}

TEST_CASE("a child inherits no descriptors of its parent that were not passed to it") {
  const auto inode_of = [](int fd) {
    struct stat info{};
    return ::fstat(fd, &info) == 0 ? info.st_ino : 0;
  };
  auto [near, far] = pipe();
  const unique_fd plain{::memfd_create("not passed on", 0)};  // not even close-on-exec
  CHECK(run(process{[](std::vector<std::uint64_t> parents) {
                      for (int fd = 0; fd < 1024; ++fd) {
                        struct stat info{};
                        if (::fstat(fd, &info) != 0) continue;
                        if (std::find(parents.begin(), parents.end(), info.st_ino) != parents.end()) return 1;
                      }
                      return 0;
                    },
                    std::vector<std::uint64_t>{inode_of(near.fd()), inode_of(far.fd()), inode_of(plain.get())}})
        == 0);
}
