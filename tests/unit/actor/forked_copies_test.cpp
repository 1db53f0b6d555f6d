// Copies that a plain fork() makes of a process with a system, nodes, answers and a pipeline.
#include "support/accounts.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "troupe/pipeline.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <ranges>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace bank;
using troupe::this_system;
using troupe::test::later;

namespace {

constexpr const char* the_program = "a program whose copies end in all ways";

int status_of(pid_t pid) {
  int status = -1;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

struct unwinding {};

struct fork_here {
  using reply = int;
};
struct forker_api : troupe::protocol<fork_here> {};
class forker : public troupe::actor<forker_api> {
 public:
  int on(const fork_here&) {
    const pid_t copy = ::fork();
    if (copy == 0) throw std::runtime_error{"in the copy"};
    return copy;
  }
};

// Forks with all of these objects alive; what the copy does unwinds them, or leaves them to exit().
template <class InTheCopy>
void fork_among_objects(InTheCopy in_the_copy) {
  pid_t copy = -1;
  try {
    auto node = this_system().start_node({.name = "bank"});
    const auto there = node.spawn<bank::account>(7L);
    later<void> entered;
    later<void> open;
    const auto gate = this_system().spawn<bank::gate>(entered, open);
    gate.tell(bank::wait{});
    entered.get();
    auto from_here = gate.ask(deposit{1});
    auto from_there = there.ask(balance{});
    copy = ::fork();
    if (copy == 0) in_the_copy();
    CHECK(status_of(copy) == 0);
    CHECK(from_there.get() == 7);
    open.set();
    from_here.get();
    CHECK(there.ask(balance{}).get() == 7);
  } catch (const unwinding&) {
    ::_exit(0);
  }
}

int twice(int n) { return 2 * n; }
void add(long& sum, int n) { sum += n; }

}  // namespace

// Not a test of its own: the program in the one below.
TEST_CASE("a program whose copies end in all ways", "[.forked]") {
  fork_among_objects([] { throw unwinding{}; });
  fork_among_objects([] { std::exit(0); });

  // In the source of a pipeline.
  try {
    auto forking = [](int n) {
      if (n != 5) return n;
      const pid_t copy = ::fork();
      if (copy == 0) throw unwinding{};
      CHECK(status_of(copy) == 0);
      return n;
    };
    std::vector<int> numbers{1, 2, 3, 4, 5, 6, 7, 8};
    const auto report = troupe::from("numbers", numbers | std::views::transform(forking))
                            .then("twice", twice, {.where = troupe::place::own_process})
                            .fold("add", add, 0L)
                            .run(this_system());
    CHECK(report.value == 72);
  } catch (const unwinding&) {
    ::_exit(0);
  }

  // In a handler, here and in a node.
  auto node = this_system().start_node({.name = "bank"});
  CHECK(status_of(this_system().spawn<forker>().ask(fork_here{}).get()) != 0);
  CHECK(node.spawn<forker>().ask(fork_here{}).get() > 0);

  // And one returns from main.
  const auto there = node.spawn<bank::account>(7L);
  const pid_t copy = ::fork();
  if (copy == 0) {
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    return;
  }
  CHECK(status_of(copy) == 0);
  CHECK(there.ask(balance{}).get() == 7);
}

TEST_CASE("a copy made by fork() ends without a word, and its original goes on", "[node]") {
  const troupe::test::temporary_folder folder;
  const std::string log = folder / "log";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO);
    ::setenv("ASAN_OPTIONS", "detect_leaks=0", 1);  // in a copy, what the other threads had would pass for leaks
    ::execl("/proc/self/exe", "unit_tests", the_program, nullptr);
    ::_exit(127);
  }
  CHECK(status_of(pid) == 0);
  CHECK(troupe::test::content_of(log) == "");
}
