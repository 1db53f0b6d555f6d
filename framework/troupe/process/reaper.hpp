#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/process/process_table.hpp"

#include <sys/types.h>
#include <vector>

/// Private to the process room.
namespace troupe::tree {

/// Ends the children of `gone` that are to end with it; see process_options::on_parent_death.
void end_children_of(const process_table& table, process_id gone);
/// The same for the first process, or its system, which has no kernel parent in the tree that could publish its end.
void bury_root(const process_table& table, process_id root);

/// Blocks until the child `pid` of this process has ended, which is the process `id`; then as the reaper does.
void wait_for_child(const process_table& table, process_id id, pid_t pid);

/// Waits for the children of this process and publishes in the process table how they ended. Of a dead process, first
/// the row says so, then its pid becomes free, then whoever waits is told. SIGCHLD must be blocked, see
/// set_up_server.
class reaper {
 public:
  explicit reaper(process_table table);

  /// Readable when a child may have ended.
  [[nodiscard]] int fd() const noexcept { return deaths_.get(); }
  /// Buries every child that has ended, and ends its children. Returns the pids of those that have no row. Does not
  /// block.
  std::vector<pid_t> reap();

 private:
  [[nodiscard]] process_id row_of(pid_t pid) const noexcept;

  process_table table_;
  unique_fd deaths_;  // signalfd for SIGCHLD
};

}  // namespace troupe::tree
