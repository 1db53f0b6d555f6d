#pragma once

#include "troupe/base/birth_time.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/unique_fd.hpp"

#include <memory>
#include <string>

namespace troupe {

/// A plain file descriptor as a value: copies refer to the same open file, and it travels as an argument of a process
/// and in messages, over connections and queues. It is closed with the last copy in a process; the open file lives as
/// long as any process has it. Copies may be used from several threads.
class shared_fd {
 public:
  /// None.
  shared_fd() noexcept = default;
  /// Takes it over.
  explicit shared_fd(unique_fd fd) : fd_{std::make_shared<const unique_fd>(std::move(fd))} {}
  /// A duplicate of a descriptor that stays the caller's. Throws `error` (EBADF, EMFILE).
  [[nodiscard]] static shared_fd duplicate(int fd) {
    unique_fd own = duplicate_of(fd);
    if (!own) throw_errno("fcntl(F_DUPFD_CLOEXEC)", "descriptor " + std::to_string(fd));
    return shared_fd{std::move(own)};
  }

  /// -1 if there is none.
  [[nodiscard]] int get() const noexcept { return fd_ ? fd_->get() : -1; }
  [[nodiscard]] explicit operator bool() const noexcept { return get() >= 0; }

  /// Throws errc::closed when none is saved.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value) {
      if (!*this) throw error{errc::closed, "a shared_fd without a descriptor cannot travel"};
      forks_then_.check("a shared_fd");
      archive.save_handle(fd_->checked("a shared_fd"));
    } else {
      *this = shared_fd{archive.load_handle()};
    }
  }

 private:
  std::shared_ptr<const unique_fd> fd_;
  birth_time forks_then_;
};

}  // namespace troupe
