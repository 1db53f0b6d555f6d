// What the program that starts a tree may have set, or not.
#include "support/catch.hpp"
#include "support/run.hpp"
#include "troupe/process.hpp"

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr const char* the_program = "a program in odd surroundings";

/// Runs that program once `set_up` has changed this copy; returns how it ended, as waitpid says.
template <class SetUp>
int run_in(SetUp set_up) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    set_up();
    ::execl("/proc/self/exe", "unit_tests", the_program, nullptr);
    ::_exit(127);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

/// A bit for each standard stream that is a socket, so one of ours.
int streams_that_are_sockets() {
  int bits = 0;
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat file{};
    bits |= ::fstat(fd, &file) == 0 && S_ISSOCK(file.st_mode) ? 1 << fd : 0;
  }
  return bits;
}

int soft_limit_of_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return static_cast<int>(files.rlim_cur);
}

bool ignores_ends_of_children() {
  struct sigaction action{};
  ::sigaction(SIGCHLD, nullptr, &action);
  return action.sa_handler == SIG_IGN;
}

}  // namespace

// Not a test of its own: the program in those below.
TEST_CASE("a program in odd surroundings", "[.surroundings]") {
  CHECK(run(process{streams_that_are_sockets}) == streams_that_are_sockets());
  for (const start_method method : {start_method::fork_server, start_method::spawn}) {
    CHECK(run(process{process_options{.method = method}, return_it, 3}) == 3);
    CHECK(run(process{process_options{.method = method}, [] { return soft_limit_of_files() % 256; }})
          == soft_limit_of_files() % 256);
    CHECK(run(process{process_options{.method = method}, [] { return ignores_ends_of_children() ? 1 : 0; }})
          == (ignores_ends_of_children() ? 1 : 0));
  }
}

TEST_CASE("a program may be started where the ends of children are ignored") {
  CHECK(run_in([] { std::signal(SIGCHLD, SIG_IGN); }) == 0);
}

TEST_CASE("a program may be started without standard streams") {
  CHECK(run_in([] {
          for (int fd = 0; fd <= 2; ++fd) ::close(fd);
        })
        == 0);
}

TEST_CASE("a program may be started with few descriptors") {
  CHECK(run_in([] {
          rlimit files{};
          ::getrlimit(RLIMIT_NOFILE, &files);
          files.rlim_cur = 50;
          ::setrlimit(RLIMIT_NOFILE, &files);
        })
        == 0);
}
