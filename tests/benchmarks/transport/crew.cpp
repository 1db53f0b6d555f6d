#include "crew.hpp"

#include "clock.hpp"
#include "participant.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace bench {

crew::crew(int parties, int producers) {
  if (parties > scoreboard::most) throw std::invalid_argument{"too many participants"};
  scoreboard& b = board();
  b.parties = parties;
  b.ready = 0;
  b.finished = 0;
  b.producers_left = producers;
  b.scores = {};
  b.complaint = {};
  b.complained = false;
}

crew::~crew() { end_all(); }

void crew::fork(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error{errno, std::system_category(), "fork"};
  if (child == 0) _exit(guarded(body));  // none of the coordinator's destructors
  adopt({.pid = child});
}

void crew::start(troupe::process process) {
  process.start();
  const pid_t pid = process.pid().value();
  adopt({.process = std::move(process), .pid = pid});
}

void crew::adopt(member one) {
  one.handle.reset(static_cast<int>(syscall(SYS_pidfd_open, one.pid, 0)));
  members_.push_back(std::move(one));
}

// Its exit code, or minus the signal that ended it.
int crew::reap(member& one) {
  one.ended = true;
  if (one.process) {
    one.process->join();
    return one.process->exit_code().value_or(1);
  }
  int status = 0;
  while (waitpid(one.pid, &status, 0) < 0)
    if (errno != EINTR) throw std::system_error{errno, std::system_category(), "waitpid"};
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void crew::finish() {
  // The participants' own watchdogs come first.
  const std::int64_t until = now() + std::int64_t{watchdog_seconds + 5} * 1'000'000'000;
  for (std::size_t left = members_.size(); left > 0;) {
    std::vector<pollfd> waiting;
    for (const member& one : members_) waiting.push_back({one.ended ? -1 : one.handle.get(), POLLIN, 0});
    const bool unheard = std::ranges::any_of(members_, [](const member& one) { return !one.ended && !one.handle; });
    const auto limit = static_cast<int>((until - now()) / 1'000'000);
    if (limit <= 0) throw std::runtime_error{"it hung and was killed"};
    if (poll(waiting.data(), waiting.size(), unheard ? 0 : limit) < 0 && errno != EINTR)
      throw std::system_error{errno, std::system_category(), "poll"};
    std::size_t i = 0;
    for (member& one : members_) {
      const bool over = waiting[i++].revents != 0 || !one.handle;
      if (one.ended || !over) continue;
      --left;
      const int code = reap(one);
      if (code == 0) continue;
      std::string why = board().complained ? board().complaint.data() : "";
      if (why.empty())
        why = code == -SIGALRM ? "it hung and was killed" : "a participant ended with code " + std::to_string(code);
      end_all();
      throw std::runtime_error{why};
    }
  }
  if (std::ranges::any_of(members_, [](const member& one) { return one.process.has_value(); }))
    for (const score& one : board().scores) time_of_troupe_ += one.cpu_of_all;
}

std::span<const score> crew::scores() const {
  const std::span<const score> all{board().scores.data(), static_cast<std::size_t>(board().parties)};
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  for (const score& one : all) {
    sent += one.sent;
    received += one.received;
  }
  if (sent != received) throw std::runtime_error{"what was received is not what was sent"};
  return all;
}

void crew::end_all() noexcept {
  for (member& one : members_) {
    if (one.ended) continue;
    ::kill(one.pid, SIGKILL);  // not reaped yet, or troupe's fork server has it: the number is still its own
    try {
      static_cast<void>(reap(one));
    } catch (...) {
      // nothing more can be done for it
    }
  }
}

}  // namespace bench
