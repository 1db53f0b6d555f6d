#pragma once

#include <csignal>
#include <sys/resource.h>

/// Private to the process room.
namespace troupe::tree {

/// What the first process had set when its tree began, and the servers set otherwise for themselves. Each child gets it
/// back.
struct inherited_state {
  sigset_t mask{};
  struct sigaction on_child_death{};
  rlimit files{};

  [[nodiscard]] static inherited_state of_this_process() noexcept;
  void restore() const noexcept;
};

/// For the servers: as many descriptors as the system allows; children that end are not reaped behind our back, as they
/// are where SIGCHLD is ignored; signals that are for the first process to handle wait. Blocked, not ignored: a child
/// inherits the mask, so a signal sent to it before it has set itself up waits until then.
void set_up_server() noexcept;

}  // namespace troupe::tree
