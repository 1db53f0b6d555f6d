#include "troupe/base/unique_fd.hpp"

#include "troupe/base/error.hpp"

#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace troupe {

void unique_fd::reset(int fd) noexcept {
  // close(2) frees the number even when it reports EINTR or EIO, so a retry could close a stranger's descriptor.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

unique_fd unique_fd::duplicate() const {
  const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) throw_errno("dup", "file descriptor " + std::to_string(fd_));
  return unique_fd{copy};
}

}  // namespace troupe
