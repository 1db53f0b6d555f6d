#include "support/watchdog.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::test {
namespace {

using clock = std::chrono::steady_clock;

/// What the test tells the guard. Smaller than PIPE_BUF, so that one write(2) arrives whole.
struct note {
  bool running;
  std::array<char, 255> name;  // ends with a zero
};
static_assert(sizeof(note) <= PIPE_BUF);

[[noreturn]] void give_up(const char* call) {
  std::perror(call);
  std::_Exit(EXIT_FAILURE);
}

void become_group_leader() {
  if (::getpgrp() == ::getpid()) return;
  if (::setpgid(0, 0) != 0) give_up("watchdog: setpgid");
  // Ctrl-C no longer reaches this group: end with the test runner that gets it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void keep_only(int low, int high) {
  if (low > high) std::swap(low, high);
  ::close_range(STDERR_FILENO + 1, static_cast<unsigned>(low) - 1, 0);
  ::close_range(static_cast<unsigned>(low) + 1, static_cast<unsigned>(high) - 1, 0);
  ::close_range(static_cast<unsigned>(high) + 1, UINT_MAX, 0);
  ::close(STDIN_FILENO);
  ::close(STDOUT_FILENO);  // whoever reads the test's output waits for its end
}

int milliseconds_to(std::optional<clock::time_point> limit) {
  if (!limit) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*limit - clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, INT_MAX));
}

/// The life of the guard: until the test process ends (`process` is its pidfd) or a test case passes its limit.
[[noreturn]] void guard(pid_t group, int process, int notes, watchdog::seconds limit) {
  ::prctl(PR_SET_NAME, "watchdog");
  keep_only(process, notes);
  note current{.running = true, .name = {"(start of the program)"}};
  std::optional end{clock::now() + limit};
  for (;;) {
    std::array<pollfd, 2> events{{{process, POLLIN, 0}, {notes, POLLIN, 0}}};
    const int ready = ::poll(events.data(), events.size(), milliseconds_to(end));
    if (ready < 0 && errno != EINTR) give_up("watchdog: poll");
    if (ready > 0 && events[0].revents != 0) break;
    if (ready > 0 && events[1].revents != 0) {
      if (::read(notes, &current, sizeof current) != static_cast<ssize_t>(sizeof current)) {
        current = {.running = true, .name = {"(end of the program)"}};
        notes = -1;  // poll(2) passes over it
      }
      end = current.running ? std::optional{clock::now() + limit} : std::nullopt;
    } else if (ready == 0) {
      std::fprintf(stderr, "\nwatchdog: the test case \"%s\" took longer than %lld s; its process group ends here\n",
                   current.name.data(), static_cast<long long>(limit.count()));
      break;
    }
  }
  ::kill(-group, SIGKILL);
  std::_Exit(EXIT_SUCCESS);
}

/// What the test has open, the guard must not keep open: others wait for its end.
void close_all_but(int one, int other) {
  const auto [low, high] = std::minmax({static_cast<unsigned>(one), static_cast<unsigned>(other)});
  if (low > 3) (void)::close_range(3, low - 1, 0);
  if (high > low + 1) (void)::close_range(low + 1, high - 1, 0);
  (void)::close_range(high + 1, ~0U, 0);
}

}  // namespace

watchdog::seconds watchdog::default_limit() {
  if (const char* text = std::getenv("TROUPE_TEST_LIMIT")) return seconds{std::max(1, std::atoi(text))};
  return seconds{under_sanitizer ? 600 : 60};
}

watchdog::watchdog(seconds limit) {
  become_group_leader();
  const pid_t self = ::getpid();
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, self, 0));
  if (process < 0) give_up("watchdog: pidfd_open");
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) give_up("watchdog: pipe2");

  // Forked twice, so that the guard is no child of the test: a test may count its children.
  const pid_t between = ::fork();
  if (between < 0) give_up("watchdog: fork");
  if (between == 0) {
    const pid_t child = ::fork();
    if (child < 0) give_up("watchdog: fork");
    if (child > 0) std::_Exit(EXIT_SUCCESS);
    ::setpgid(0, 0);
    close_all_but(process, ends[0]);
    guard(self, process, ends[0], limit);
  }
  int status = 0;
  ::waitpid(between, &status, 0);
  ::close(process);
  ::close(ends[0]);
  notes_ = ends[1];
}

watchdog::~watchdog() { ::close(notes_); }

void watchdog::begin(std::string_view test_case) noexcept {
  note now{.running = true, .name = {}};
  test_case.copy(now.name.data(), now.name.size() - 1);
  if (::write(notes_, &now, sizeof now) < 0) give_up("watchdog: write");
}

void watchdog::end() noexcept {
  const note now{};
  if (::write(notes_, &now, sizeof now) < 0) give_up("watchdog: write");
}

}  // namespace troupe::test
