// nng: pair sockets over ipc. Its own threads do the talking in each process.
#include "../pipe_measure.hpp"
#include "peers.hpp"
#include "temporary_name.hpp"

#ifdef TRANSPORT_WITH_NNG

  #include <nng/nng.h>
  #include <nng/protocol/pair0/pair.h>
  #include <stdexcept>
  #include <string>

namespace bench {
namespace {

void check(int result, const char* call) {
  if (result != 0) throw std::runtime_error{std::string{call} + ": " + nng_strerror(result)};
}

class nng_end {
 public:
  nng_end(const std::string& url, int side) {
    check(nng_pair0_open(&socket_), "nng_pair0_open");
    check(nng_socket_set_size(socket_, NNG_OPT_RECVMAXSZ, 0), "no limit of size");
    check(nng_socket_set_int(socket_, NNG_OPT_SENDBUF, 16), "a send buffer");
    check(nng_socket_set_int(socket_, NNG_OPT_RECVBUF, 16), "a receive buffer");
    if (side == 1) {
      check(nng_listen(socket_, url.c_str(), nullptr, 0), "nng_listen");
    } else {
      check(nng_socket_set_ms(socket_, NNG_OPT_RECONNMINT, 2), "reconnect soon");
      check(nng_dial(socket_, url.c_str(), nullptr, NNG_FLAG_NONBLOCK), "nng_dial");
    }
  }
  nng_end(const nng_end&) = delete;
  nng_end& operator=(const nng_end&) = delete;
  ~nng_end() { nng_close(socket_); }

  void send(std::span<const std::byte> bytes) {
    check(nng_send(socket_, const_cast<std::byte*>(bytes.data()), bytes.size(), 0), "nng_send");
  }
  void recv(std::span<std::byte> bytes) {
    std::size_t size = bytes.size();
    check(nng_recv(socket_, bytes.data(), &size, 0), "nng_recv");
  }

 private:
  nng_socket socket_ = NNG_SOCKET_INITIALIZER;
};

class nng_pipe {
 public:
  explicit nng_pipe(std::uint64_t) {}
  [[nodiscard]] nng_end open(int side) const { return {path_.url(), side}; }

 private:
  socket_path path_;
};

}  // namespace

void add_nng(catalogue& all) { add_pipe<nng_pipe>(all, "nng ipc"); }

}  // namespace bench

#else

namespace bench {
void add_nng(catalogue& all) { all.absent.push_back({"nng ipc", "built without it (libnng-dev)"}); }
}  // namespace bench

#endif
