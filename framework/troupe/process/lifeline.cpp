#include "troupe/process/lifeline.hpp"

#include "troupe/base/error.hpp"

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <unistd.h>

namespace troupe::tree {

namespace {

/// Through an open file of its own: whom a signal goes to, and which, belongs to the open file.
void have_signalled(int end_of_child, int number) {
  const std::string place = "/proc/self/fd/" + std::to_string(end_of_child);
  unique_fd own{::open(place.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!own) throw_errno("open", place);
  const f_owner_ex self{F_OWNER_PID, ::getpid()};
  if (::fcntl(own.get(), F_SETOWN_EX, &self) != 0 || ::fcntl(own.get(), F_SETSIG, number) != 0
      || ::fcntl(own.get(), F_SETFL, O_NONBLOCK | O_ASYNC) != 0)
    throw_errno("fcntl(F_SETSIG)", "the line to the parent");
  pollfd line{own.release(), 0, 0};  // to be closed by the kernel alone
  if (::poll(&line, 1, 0) > 0) (void)::kill(::getpid(), number);
}

}  // namespace

int lifeline::end_of_child() {
  if (child_ && user_ == ::geteuid()) return child_.get();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe2", "the line to child processes");
  child_ = unique_fd{ends[0]};
  if (parent_) former_.push_back(std::move(parent_));
  parent_ = unique_fd{ends[1]};
  user_ = ::geteuid();
  return child_.get();
}

void lifeline::cut() noexcept {
  parent_.reset();
  child_.reset();
  former_.clear();
}

void hang_on(int end_of_child, when_orphaned what) {
  switch (what) {
  case when_orphaned::kill: return have_signalled(end_of_child, SIGKILL);
  case when_orphaned::terminate:
    have_signalled(end_of_child, SIGCONT);  // without it, a stopped process would not see the other one
    return have_signalled(end_of_child, SIGTERM);
  case when_orphaned::go_on: return;
  }
}

}  // namespace troupe::tree
