// A ring of bytes in shared memory for one sender and one receiver, as written by hand: messages with their length in
// front, each side remembers where it last saw the other. It spins, and a killed side leaves the other spinning.
#include "../pipe_measure.hpp"
#include "../spin.hpp"
#include "peers.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace bench {
namespace {

struct ring {
  static constexpr std::uint64_t room = 1 << 18;

  alignas(128) std::atomic<std::uint64_t> written;  // bytes ever; stored by the sender
  alignas(128) std::atomic<std::uint64_t> taken;    // bytes ever; stored by the receiver
  alignas(128) std::array<std::byte, room> bytes;
};

// What lies across the end of the ring is copied in two parts.
template <class Copy>
void across(std::uint64_t position, std::uint64_t length, Copy copy) {
  const std::uint64_t begin = position % ring::room;
  const std::uint64_t first = std::min(length, ring::room - begin);
  copy(begin, std::uint64_t{0}, first);
  if (first < length) copy(std::uint64_t{0}, first, length - first);
}

class ring_end {
 public:
  ring_end(ring& out, ring& in) : out_{out}, in_{in} {}

  void send(std::span<const std::byte> bytes) {
    const std::uint64_t length = bytes.size();
    wait_for_room(sizeof length + std::min(length, piece));
    append(std::as_bytes(std::span{&length, 1}));
    for (std::span<const std::byte> rest = bytes;;) {
      const auto part = rest.first(std::min<std::size_t>(rest.size(), piece));
      append(part);
      out_.written.store(written_, std::memory_order_release);  // pairs with wait_for_bytes
      rest = rest.subspan(part.size());
      if (rest.empty()) return;
      wait_for_room(std::min<std::uint64_t>(rest.size(), piece));
    }
  }
  void recv(std::span<std::byte> bytes) {
    std::uint64_t length = 0;
    wait_for_bytes(sizeof length);
    take(std::as_writable_bytes(std::span{&length, 1}));
    for (std::span<std::byte> rest = bytes.first(length); !rest.empty();) {
      const auto part = rest.first(std::min<std::size_t>(rest.size(), piece));
      wait_for_bytes(part.size());
      take(part);
      in_.taken.store(taken_, std::memory_order_release);  // pairs with wait_for_room
      rest = rest.subspan(part.size());
    }
  }

 private:
  static constexpr std::uint64_t piece = ring::room / 4;  // of a message that is longer

  void wait_for_room(std::uint64_t length) {
    if (written_ + length - taken_seen_ <= ring::room) return;
    spin_until([&] {
      taken_seen_ = out_.taken.load(std::memory_order_acquire);  // pairs with recv
      return written_ + length - taken_seen_ <= ring::room;
    });
  }
  void wait_for_bytes(std::uint64_t length) {
    if (written_seen_ - taken_ >= length) return;
    spin_until([&] {
      written_seen_ = in_.written.load(std::memory_order_acquire);  // pairs with send
      return written_seen_ - taken_ >= length;
    });
  }
  void append(std::span<const std::byte> bytes) {
    across(written_, bytes.size(), [&](std::uint64_t at, std::uint64_t from, std::uint64_t length) {
      std::memcpy(out_.bytes.data() + at, bytes.data() + from, length);
    });
    written_ += bytes.size();
  }
  void take(std::span<std::byte> bytes) {
    across(taken_, bytes.size(), [&](std::uint64_t at, std::uint64_t to, std::uint64_t length) {
      std::memcpy(bytes.data() + to, in_.bytes.data() + at, length);
    });
    taken_ += bytes.size();
  }

  ring& out_;
  ring& in_;
  std::uint64_t written_ = 0;
  std::uint64_t taken_seen_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t written_seen_ = 0;
};

class ring_pipe {
 public:
  explicit ring_pipe(std::uint64_t) {}
  [[nodiscard]] ring_end open(int side) const {
    ring& mine = (*rings_)[static_cast<std::size_t>(side)];
    ring& other = (*rings_)[static_cast<std::size_t>(1 - side)];
    return {mine, other};
  }

 private:
  shared<std::array<ring, 2>> rings_;
};

}  // namespace

void add_byte_ring(catalogue& all) { add_pipe<ring_pipe>(all, "SPSC byte ring"); }

}  // namespace bench
