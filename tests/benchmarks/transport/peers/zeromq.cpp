// ZeroMQ: PAIR sockets over ipc. Its own thread does the talking in each process.
#include "../pipe_measure.hpp"
#include "peers.hpp"
#include "temporary_name.hpp"

#ifdef TRANSPORT_WITH_ZEROMQ

  #include <algorithm>
  #include <memory>
  #include <stdexcept>
  #include <string>
  #include <zmq.h>

namespace bench {
namespace {

int checked(int result, const char* call) {
  if (result < 0) throw std::runtime_error{std::string{call} + ": " + zmq_strerror(zmq_errno())};
  return result;
}

class zeromq_end {
 public:
  zeromq_end(const std::string& url, int side, std::uint64_t size)
      : context_{zmq_ctx_new()}
      , socket_{zmq_socket(context_.get(), ZMQ_PAIR)} {
    // As many messages as it holds by default, but not gigabytes of them.
    const int depth = static_cast<int>(std::clamp<std::uint64_t>((16U << 20) / size, 4, 1000));
    checked(zmq_setsockopt(socket_.get(), ZMQ_SNDHWM, &depth, sizeof depth), "zmq_setsockopt");
    checked(zmq_setsockopt(socket_.get(), ZMQ_RCVHWM, &depth, sizeof depth), "zmq_setsockopt");
    checked(side == 0 ? zmq_connect(socket_.get(), url.c_str()) : zmq_bind(socket_.get(), url.c_str()),
            "zmq_connect or zmq_bind");
  }

  void send(std::span<const std::byte> bytes) {
    checked(zmq_send(socket_.get(), bytes.data(), bytes.size(), 0), "zmq_send");
  }
  void recv(std::span<std::byte> bytes) { checked(zmq_recv(socket_.get(), bytes.data(), bytes.size(), 0), "zmq_recv"); }

 private:
  struct end_context {
    void operator()(void* context) const { zmq_ctx_term(context); }
  };
  struct close_socket {
    void operator()(void* socket) const { zmq_close(socket); }
  };
  std::unique_ptr<void, end_context> context_;
  std::unique_ptr<void, close_socket> socket_;
};

class zeromq_pipe {
 public:
  explicit zeromq_pipe(std::uint64_t size) : size_{size} {}
  [[nodiscard]] zeromq_end open(int side) const { return {path_.url(), side, size_}; }

 private:
  socket_path path_;
  std::uint64_t size_;
};

}  // namespace

void add_zeromq(catalogue& all) { add_pipe<zeromq_pipe>(all, "ZeroMQ ipc"); }

}  // namespace bench

#else

namespace bench {
void add_zeromq(catalogue& all) { all.absent.push_back({"ZeroMQ ipc", "built without it (libzmq3-dev)"}); }
}  // namespace bench

#endif
