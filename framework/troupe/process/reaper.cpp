#include "troupe/process/reaper.hpp"

#include "troupe/base/error.hpp"

#include <cerrno>
#include <csignal>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

std::uint64_t microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
}

end_record end_of(const siginfo_t& info, const rusage& used) {
  const bool exited = info.si_code == CLD_EXITED;
  return {.code = exited ? info.si_status : -info.si_status,
          .dumped_core = info.si_code == CLD_DUMPED ? 1U : 0U,
          .user_us = microseconds(used.ru_utime),
          .system_us = microseconds(used.ru_stime),
          .most_resident = static_cast<std::uint64_t>(used.ru_maxrss) * 1024};
}

}  // namespace

void end_children_of(const process_table& table, process_id gone) {
  for (std::uint32_t i = 0; i < table.used(); ++i) {
    const process_id child = table.living(i);
    if (!child || table.parent_of(i) != gone) continue;
    if (table.at(i).by_starter.load(std::memory_order_relaxed) != 0 && table.give_birth(child, stillborn)) {
      table.forget(child);  // its starter died before it had started it
      continue;
    }
    switch (table.at(i).on_parent_death.load(std::memory_order_relaxed)) {
    case when_orphaned::kill: table.signal_or_log(child, SIGKILL); break;
    case when_orphaned::terminate: table.terminate_or_log(child); break;
    case when_orphaned::go_on: break;
    }
  }
}

void bury_root(const process_table& table, process_id root) {
  if (table.living(root.slot) == root) table.record_end(root, {});
  table.bury(root);
  end_children_of(table, root);
}

void wait_for_child(const process_table& table, process_id id, pid_t pid) {
  siginfo_t info{};
  rusage used{};
  while (::syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, &used) != 0 && errno == EINTR) {
  }
  table.record_end(id, end_of(info, used));
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  table.bury(id);
  end_children_of(table, id);
}

reaper::reaper(process_table table) : table_{std::move(table)} {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  deaths_ = unique_fd{::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!deaths_) throw_errno("signalfd", "SIGCHLD");
}

process_id reaper::row_of(pid_t pid) const noexcept {
  for (std::uint32_t i = 0; i < table_.used(); ++i)
    if (const process_id id = table_.living(i); id && table_.at(i).pid.load(std::memory_order_relaxed) == pid)
      return id;
  return {};
}

std::vector<pid_t> reaper::reap() {
  signalfd_siginfo signal;
  while (::read(deaths_.get(), &signal, sizeof signal) > 0) {
  }
  std::vector<pid_t> others;
  for (;;) {
    siginfo_t info{};
    rusage used{};
    // The system call has a parameter that the function of the C library lacks.
    const long found = ::syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT, &used);
    if (found != 0 || info.si_pid == 0) return others;
    const process_id id = row_of(info.si_pid);
    if (id) table_.record_end(id, end_of(info, used));
    while (::waitpid(info.si_pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    if (id) {
      table_.bury(id);
      end_children_of(table_, id);
    } else {
      others.push_back(info.si_pid);
    }
  }
}

}  // namespace troupe::tree
