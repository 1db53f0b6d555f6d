#include "troupe/process/stdio.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/internal_thread.hpp"
#include "troupe/transport/connection.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace troupe {

/// Carries bytes from a pipe(2) to a connection until nobody can write into the former, or nobody listens to the
/// latter.
class stdio::pump {
 public:
  explicit pump(connection to) : to_{std::move(to)} {}

  unique_fd start(const std::shared_ptr<pump>& self) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe2", "standard stream");
    unique_fd from{ends[0]};
    unique_fd into{ends[1]};
    start_internal_thread("a standard stream of a process", [self, from = std::move(from)] {
      self->carry(from);
    }).detach();
    return into;
  }

 private:
  void carry(const unique_fd& from) {
    std::array<std::byte, std::size_t{64} << 10> piece;
    try {
      for (;;) {
        const ssize_t count = ::read(from.get(), piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        to_.send_bytes({piece.data(), static_cast<std::size_t>(count)});
      }
    } catch (const error&) {
      // Nobody listens any more: closing the pipe tells the process, as it does with any other reader that left.
    }
  }

  connection to_;
};

stdio stdio::inherit() { return stdio{kind::inherited}; }
stdio stdio::null() { return stdio{kind::nothing}; }

stdio stdio::file(std::string path) {
  stdio made{kind::path};
  made.path_ = std::move(path);
  return made;
}

stdio stdio::append_to(std::string path) {
  stdio made{kind::path_end};
  made.path_ = std::move(path);
  return made;
}

stdio stdio::descriptor(int fd) {
  stdio made{kind::open_file};
  made.fd_ = std::make_shared<unique_fd>(duplicate_of(fd));
  if (!*made.fd_) throw_errno("fcntl(F_DUPFD_CLOEXEC)", "descriptor " + std::to_string(fd));
  return made;
}

stdio stdio::to(connection writer) {
  if (!writer.writable())
    throw error{errc::wrong_direction, "a standard stream needs the writing end of a pipe, and an open one"};
  stdio made{kind::pumped};
  made.pump_ = std::make_shared<pump>(std::move(writer));
  return made;
}

unique_fd stdio::open(int number) const {
  const bool input = number == STDIN_FILENO;
  const auto opened = [](const std::string& path, int flags) {
    unique_fd fd{::open(path.c_str(), flags | O_CLOEXEC, 0666)};
    if (!fd) throw_errno("open", path);
    return fd;
  };
  switch (kind_) {
  case kind::path: return opened(path_, input ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC);
  case kind::path_end: return opened(path_, O_WRONLY | O_CREAT | O_APPEND);
  case kind::open_file: return fd_->duplicate();
  case kind::pumped: return pump_->start(pump_);
  case kind::inherited:
    if (unique_fd own = duplicate_of(number)) return own;
    break;
  case kind::nothing: break;
  }
  return opened("/dev/null", input ? O_RDONLY : O_WRONLY);
}

}  // namespace troupe
