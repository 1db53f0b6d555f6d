#pragma once

#include "troupe/base/unique_fd.hpp"

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/// Private to the process room. The C library's <sys/pidfd.h> cannot be linked from C++ before glibc 2.37.
namespace troupe::tree {

/// A descriptor for a process, readable once it has ended; empty, with errno set, if there is no such process.
[[nodiscard]] inline unique_fd open_pidfd(pid_t pid) noexcept {
  return unique_fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
}

/// False, with errno set, if it cannot be sent.
[[nodiscard]] inline bool send_signal(const unique_fd& process, int number) noexcept {
  return ::syscall(SYS_pidfd_send_signal, process.get(), number, nullptr, 0) == 0;
}

}  // namespace troupe::tree
