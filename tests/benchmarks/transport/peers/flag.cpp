// Two words of shared memory that two processes take turns to change, with the payload beside them: the limit for a
// round trip. It holds one message and has no flow control, so it can do nothing else.
#include "../pipe_measure.hpp"
#include "../spin.hpp"
#include "peers.hpp"

#include <atomic>
#include <cstring>

namespace bench {
namespace {

struct slot {
  alignas(128) std::atomic<std::uint64_t> turn;  // how many messages were put here; written by the sender
  std::array<std::byte, 4096> bytes;             // written by the sender; the receiver reads it while it is its turn
};

class flag_end {
 public:
  flag_end(slot& out, slot& in) : out_{out}, in_{in} {}

  void send(std::span<const std::byte> bytes) {
    std::memcpy(out_.bytes.data(), bytes.data(), bytes.size());
    out_.turn.store(++sent_, std::memory_order_release);  // pairs with recv
  }
  void recv(std::span<std::byte> bytes) {
    ++received_;
    spin_until([&] { return in_.turn.load(std::memory_order_acquire) == received_; });  // pairs with send
    std::memcpy(bytes.data(), in_.bytes.data(), bytes.size());
  }

 private:
  slot& out_;
  slot& in_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
};

class flag_pipe {
 public:
  explicit flag_pipe(std::uint64_t) {}
  [[nodiscard]] flag_end open(int side) const {
    slot& mine = (*slots_)[static_cast<std::size_t>(side)];
    slot& other = (*slots_)[static_cast<std::size_t>(1 - side)];
    return {mine, other};
  }

 private:
  shared<std::array<slot, 2>> slots_;
};

}  // namespace

void add_flag(catalogue& all) {
  add_pipe<flag_pipe>(all, "raw flag ping-pong",
                      [](const pipe_column& what) { return what.kind == pipe_kind::round_trip; });
}

}  // namespace bench
