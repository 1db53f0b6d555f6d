#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/process/process_options.hpp"

#include <sys/types.h>
#include <vector>

/// Private to the process room: how a process ends with its parent even if nobody is left to see to it.
///
/// The parent holds one end of a pipe(2), into which nothing is ever written; each of its children has the other end,
/// opened for itself, and asks the kernel for a signal when something happens there (F_SETSIG). What happens is that
/// the last holder of the parent's end is gone. The fork server holds a copy of it until it has buried the parent: so a
/// parent that executes another program, or closes all its descriptors, does not end its children.
namespace troupe::tree {

/// The parent's side. Not thread-safe.
class lifeline {
 public:
  /// For children to come; the same one for all, unless this process is another user by now. Throws `error`.
  [[nodiscard]] int end_of_child();
  [[nodiscard]] int end_of_parent() const noexcept { return parent_.get(); }
  [[nodiscard]] unique_fd duplicate_end_of_parent() const { return parent_.duplicate(); }
  /// In a copy that fork() made, which nobody hangs on.
  void cut() noexcept;

 private:
  unique_fd parent_;
  unique_fd child_;
  std::vector<unique_fd> former_;  // the parent's ends that children of former users hang on
  uid_t user_ = 0;
};

/// The child's side: from now on this process gets a signal when its parent is gone, or gets it at once. The
/// descriptors stay open until its end, or until it executes another program. Throws `error`.
void hang_on(int end_of_child, when_orphaned what);

}  // namespace troupe::tree
