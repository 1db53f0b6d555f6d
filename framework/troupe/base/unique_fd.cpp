#include "troupe/base/unique_fd.hpp"

#include "troupe/base/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe {

namespace {

constexpr int first_of_ours = STDERR_FILENO + 1;

struct identity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  bool operator==(const identity&) const = default;
};

/// Nothing if there is no such descriptor, or the system does not say.
identity identity_of(int fd) noexcept {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

}  // namespace

void unique_fd::adopt(int fd) noexcept {
  if (fd >= 0 && fd < first_of_ours) {
    const int higher = ::fcntl(fd, F_DUPFD_CLOEXEC, first_of_ours);
    const int problem = errno;
    ::close(fd);
    errno = problem;
    fd = higher;
  }
  fd_ = fd;
  if (fd < 0) return;
  const identity file = identity_of(fd);
  device_ = file.device;
  inode_ = file.inode;
}

void unique_fd::close() noexcept {
  // close(2) frees the number even when it reports EINTR or EIO, so a retry could close a stranger's descriptor.
  const int problem = errno;  // of a call that failed just now, which may be reported yet
  if (fd_ >= 0 && is_intact()) ::close(fd_);
  fd_ = -1;
  errno = problem;
}

bool unique_fd::is_intact() const noexcept {
  if (fd_ < 0) return false;
  const identity then{device_, inode_};
  return then == identity{} || identity_of(fd_) == then;
}

int unique_fd::checked(std::string_view object) const {
  if (is_intact()) return fd_;
  throw error{errc::closed, "the descriptor of " + std::string{object}
                                + " was closed by this program (by close_range, or a loop over all numbers, as in"
                                  " daemon code); those of troupe must stay open"};
}

unique_fd unique_fd::duplicate() const {
  unique_fd copy = duplicate_of(fd_ < 0 ? fd_ : checked("what is to be duplicated"));
  if (!copy) throw_errno("dup", "file descriptor " + std::to_string(fd_));
  return copy;
}

unique_fd duplicate_of(int fd) noexcept { return unique_fd{::fcntl(fd, F_DUPFD_CLOEXEC, first_of_ours)}; }

}  // namespace troupe
