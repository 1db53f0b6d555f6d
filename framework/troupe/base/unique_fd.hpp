#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

namespace troupe {

/// Owns one file descriptor and closes it. Moving leaves the source empty.
///
/// The number is never that of a standard stream: of a program that has closed one of these, the next file that is
/// opened would become it. And the number may become that of another file, in a program that closes all descriptors it
/// finds, as daemon code does, and opens files of its own: these are not closed.
class unique_fd {
 public:
  unique_fd() noexcept = default;
  /// Takes `fd` over; if it is below 3, under a higher number. Empty, with errno set, if it is negative or there is no
  /// higher number.
  explicit unique_fd(int fd) noexcept { adopt(fd); }
  unique_fd(unique_fd&& other) noexcept { swap(other); }
  unique_fd& operator=(unique_fd&& other) noexcept {
    unique_fd former{std::move(*this)};
    swap(other);
    return *this;
  }
  ~unique_fd() { close(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept {
    close();
    adopt(fd);
  }

  /// Whether the number still stands for the file that was taken over. (Of eventfds and their like, for one of them.)
  [[nodiscard]] bool is_intact() const noexcept;
  /// The number, to do something with `object`. Throws errc::closed unless it is intact.
  [[nodiscard]] int checked(std::string_view object) const;
  /// A second descriptor for the same open file, close-on-exec. Throws `error` when the table is full, or unless this
  /// one is intact.
  [[nodiscard]] unique_fd duplicate() const;

 private:
  void adopt(int fd) noexcept;
  void close() noexcept;
  void swap(unique_fd& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
  }

  int fd_ = -1;
  std::uint64_t device_ = 0;  // of the file; both 0 if the system does not say
  std::uint64_t inode_ = 0;
};

/// A duplicate of a descriptor that stays the caller's, close-on-exec and not a standard stream. Empty, with errno set,
/// if there is none.
[[nodiscard]] unique_fd duplicate_of(int fd) noexcept;

}  // namespace troupe
