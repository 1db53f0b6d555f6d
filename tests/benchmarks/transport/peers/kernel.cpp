// What the kernel offers: pipe(2) and AF_UNIX socket pairs, with the buffers they come with.
#include "../pipe_measure.hpp"
#include "peers.hpp"

#include "troupe/base/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace bench {
namespace {

std::size_t checked(ssize_t result, const char* call) {
  if (result < 0) throw std::system_error{errno, std::system_category(), call};
  if (result == 0) throw std::runtime_error{"the other side is gone"};
  return static_cast<std::size_t>(result);
}

// One descriptor to write to and one to read from; borrowed.
class stream_end {
 public:
  stream_end(int out, int in) : out_{out}, in_{in} {}

  void send(std::span<const std::byte> bytes) {
    while (!bytes.empty()) bytes = bytes.subspan(checked(write(out_, bytes.data(), bytes.size()), "write"));
  }
  void recv(std::span<std::byte> bytes) {
    while (!bytes.empty()) bytes = bytes.subspan(checked(read(in_, bytes.data(), bytes.size()), "read"));
  }

 private:
  int out_;
  int in_;
};

class kernel_pipe {
 public:
  explicit kernel_pipe(std::uint64_t) {
    for (auto& [in, out] : ways_) {
      std::array<int, 2> both{};
      if (::pipe(both.data()) != 0) throw std::system_error{errno, std::system_category(), "pipe"};
      in.reset(both[0]);
      out.reset(both[1]);
    }
  }
  [[nodiscard]] stream_end open(int side) const {
    const auto to = static_cast<std::size_t>(side);
    return {ways_[to].out.get(), ways_[1 - to].in.get()};
  }

 private:
  struct way {
    troupe::unique_fd in;
    troupe::unique_fd out;
  };
  std::array<way, 2> ways_;  // [i]: what side i writes
};

template <int Type>
class socket_pair {
 public:
  explicit socket_pair(std::uint64_t) {
    std::array<int, 2> both{};
    if (socketpair(AF_UNIX, Type, 0, both.data()) != 0)
      throw std::system_error{errno, std::system_category(), "socketpair"};
    for (std::size_t i = 0; i < 2; ++i) ends_[i].reset(both[i]);
  }
  [[nodiscard]] stream_end open(int side) const {
    const int end = ends_[static_cast<std::size_t>(side)].get();
    return {end, end};
  }

 private:
  std::array<troupe::unique_fd, 2> ends_;
};

}  // namespace

void add_kernel(catalogue& all) {
  add_pipe<kernel_pipe>(all, "pipe(2)");
  add_pipe<socket_pair<SOCK_STREAM>>(all, "AF_UNIX stream");
  // A packet must fit into the socket's buffer, which holds about 200 KiB unless root asks for more.
  add_pipe<socket_pair<SOCK_SEQPACKET>>(all, "AF_UNIX seqpacket",
                                        [](const pipe_column& what) { return what.size <= 65536; });
}

}  // namespace bench
