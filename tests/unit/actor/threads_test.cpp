#include "support/accounts.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"

#include <csignal>
#include <cstdlib>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using troupe::test::run;

namespace {

struct raise_it {
  using reply = int;
  int signal = 0;
};
struct touch_nothing {
  using reply = int;
};
struct run_program {
  using reply = int;
  std::string command;
};
struct reckless_api : protocol<raise_it, touch_nothing, run_program> {};
class reckless : public actor<reckless_api> {
 public:
  int on(const raise_it& m) { return ::raise(m.signal); }
  int on(const touch_nothing&) {
    void* const closed = ::mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return *static_cast<volatile int*>(closed);
  }
  int on(const run_program& m) { return std::system(m.command.c_str()); }
};

// In a process of its own.
int raise_in_an_actor(int signal) {
  ::signal(signal, SIG_DFL);
  return this_system().spawn<reckless>().ask(raise_it{signal}).get();
}

int fault_in_an_actor(int) {
  ::signal(SIGSEGV, [](int) { ::_exit(42); });
  return this_system().spawn<reckless>().ask(touch_nothing{}).get();
}

constexpr int nobody = 65534;
constexpr int refused_with_the_sentence = 3;

// As a user who may have `most` processes and threads, this one among them.
int use_actors_with_at_most(int most) {
  const rlimit limit{static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
  if (::setrlimit(RLIMIT_NPROC, &limit) != 0 || ::setuid(nobody) != 0) return 4;
  try {
    const auto account = this_system().spawn<bank::account>(7L);
    return account.ask(bank::balance{}).get() == 7 ? 0 : 5;
  } catch (const error& e) {
    const std::string text = e.what();
    const bool explains = text.find("ulimit -u") != std::string::npos && text.find("pids") != std::string::npos;
    return explains && e.code() == std::errc::resource_unavailable_try_again ? refused_with_the_sentence : 6;
  }
}

}  // namespace

TEST_CASE("a fault in an actor ends its process by that signal", "[actor]") {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
    CHECK(run(process{raise_in_an_actor, signal}) == -signal);
}

TEST_CASE("a crash handler sees a fault in an actor", "[actor]") { CHECK(run(process{fault_in_an_actor, 0}) == 42); }

TEST_CASE("a program that an actor starts can be ended by a signal", "[actor]") {
  const auto actor = this_system().spawn<reckless>();
  const int status = actor.ask(run_program{"kill -TERM $$; exit 7"}).get();
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}

TEST_CASE("where the system grants too few threads, the first use of actors is an error that says so", "[actor]") {
  if (::geteuid() != 0) {
    WARN("skipped: the limit of threads does not bind, or cannot be set for, this user; run as root");
    return;
  }
  int successes = 0;
  int refusals = 0;
  for (int most = 1; most <= 12; ++most)
    for (int round = 0; round < 10; ++round) {
      const int code = run(process{use_actors_with_at_most, most});
      CAPTURE(most);
      CHECK((code == 0 || code == refused_with_the_sentence));
      ++(code == 0 ? successes : refusals);
    }
  CHECK(successes > 0);
  CHECK(refusals > 0);
}
