#include "troupe/process/shim.hpp"

#include "troupe/base/standard_streams.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/process/inherited_state.hpp"
#include "troupe/process/process_table.hpp"
#include "troupe/process/reaper.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace troupe::tree {

void fork_from_shim(image_order& order) {
  const unique_fd status{order.fds.back()};  // whence the starter reads an errno; the end without one is a failure
  order.fds.pop_back();
  const auto tell = [&](int problem) { (void)!::write(status.get(), &problem, sizeof problem); };
  unique_fd control = duplicate_of(order.fds.front());
  const process_table table = process_table::attach(std::move(control));
  const inherited_state before = inherited_state::of_this_process();
  set_up_server();
  flush_standard_streams();
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (!table.give_birth(order.id, ::getpid())) ::_exit(lost_exit_code);  // its starter died, and it was given up
    before.restore();
    return;
  }
  if (pid < 0) {
    tell(errno);
    ::_exit(1);
  }
  ::prctl(PR_SET_NAME, "troupe-shim");
  for (const int fd : order.fds) (void)::close(fd);  // among them the life lock, and the line to the parent
  (void)table.give_birth(order.id, pid);
  table.at(order.id).shim.store(::getpid(), std::memory_order_release);
  const process_id starter = table.parent_of(order.id.slot);
  if (table.has_ended(starter)) end_children_of(table, starter);
  tell(0);
  wait_for_child(table, order.id, pid);
  ::_exit(0);
}

}  // namespace troupe::tree
