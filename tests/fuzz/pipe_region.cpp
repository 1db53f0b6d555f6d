#include "../support/pipe_memory.hpp"
#include "input.hpp"

#include "troupe/transport/frame_writer.hpp"
#include "troupe/wait.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <span>
#include <string>
#include <utility>
#include <vector>

// A pipe whose shared memory, not only its rings, is overwritten while it is in use. Each call comes back, with a value
// or with an error of ours. The input is a list of steps: what to do, and what with.

namespace {

using namespace troupe;
using fuzz::input;
using namespace std::chrono_literals;
using transport::frame_header;
using transport::pipe_ring_bytes;

/// What checks are about.
constexpr std::array<std::uint64_t, 12> telling{0,
                                                1,
                                                7,
                                                8,
                                                16,
                                                31,
                                                pipe_ring_bytes - 16,
                                                pipe_ring_bytes - 8,
                                                pipe_ring_bytes,
                                                2 * pipe_ring_bytes,
                                                std::uint64_t{1} << 63,
                                                ~std::uint64_t{0}};

/// Two ends, and somebody with the same memory who keeps to no rules.
class spoiled_pipe {
 public:
  explicit spoiled_pipe(std::uint8_t forged) : forged_{forged} {}

  void step(input& in) {
    connection& end = ends_[in.below(2)];
    switch (in.below(17)) {
    case 0: return spoil_header(in);
    case 1: return spoil_ring(in);
    case 2: return forge_frame(in);
    case 3: return forge_header(in);
    case 4: return (void)end.try_send(in.take<int>());
    // Larger messages, once begun, are sent whole: nobody would read the rest of them.
    case 5: return (void)end.try_send(std::string(in.take<std::uint16_t>() % 60'000, 's'));
    case 6: {
      auto [cargo, other] = pipe();
      return (void)end.try_send(cargo);
    }
    case 7: return (void)end.try_recv<int>();
    case 8: return (void)end.try_recv<std::string>();
    case 9: return (void)end.try_recv<std::vector<std::uint64_t>>();
    case 10: return (void)end.try_recv<connection>();
    case 11: return (void)end.poll(std::chrono::microseconds{in.below(50)});
    case 12: return receive_bytes(end, in);
    case 13: return watch(end);
    case 14: return (void)try_wait_for({ends_[0], ends_[1]}, std::chrono::microseconds{in.below(50)});
    case 15: return move(end);
    default:
      if (in.below(8) == 0) end.close();
    }
  }

 private:
  void spoil_header(input& in) {
    const std::size_t at = in.take<std::uint16_t>() % sizeof(transport::pipe_layout) / 4 * 4;
    const auto word = static_cast<std::uint32_t>(in.word(telling));
    std::memcpy(reinterpret_cast<std::byte*>(&memory_.layout()) + at, &word, sizeof word);
    if (in.below(2) == 0) return;
    // Positions are what most depends on.
    auto& direction = memory_.direction(in.below(2));
    (in.below(2) == 0 ? direction.released : direction.written) += in.word(telling);
  }
  void spoil_ring(input& in) {
    const std::uint8_t writer = in.below(2);
    std::size_t at = in.take<std::uint16_t>();
    if (in.below(2) == 0) at += memory_.direction(writer).released;
    memory_.put(writer, at % pipe_ring_bytes, in.word(telling));
  }
  void forge_header(input& in) {
    const frame_header header{static_cast<std::uint32_t>(in.word(telling)), in.take<std::uint8_t>(),
                              frame_header::check_of(forger_.position())};
    memory_.put(forged_, forger_.position() % pipe_ring_bytes, header.packed());
  }
  /// A frame that is one, with any content. Repeats it, so that little input fills the ring.
  void forge_frame(input& in) {
    const std::uint8_t what = in.take<std::uint8_t>();
    const std::uint8_t kind = (what & 7) | ((what & 0x40) != 0 ? frame_header::with_handles : 0);
    std::array<std::uint64_t, 2> head{in.word(telling), in.word(telling)};
    if ((what & 0x20) != 0) head[0] = wire::identity_of<std::string>().hash;
    const auto length = static_cast<std::uint16_t>(in.word(telling));
    for (int times = 1 + (what >> 3 & 3); times > 0 && forger_.fits(length); --times) {
      std::memcpy(forger_.payload(), head.data(), std::min<std::size_t>(length, sizeof head));
      forger_.commit(kind, length);
    }
  }

  static void receive_bytes(connection& end, input& in) {
    if (!end.poll()) return;
    std::vector<std::byte> room(in.take<std::uint16_t>());  // of its own size: writing behind it is seen
    if (in.below(2) == 0) return (void)end.recv_bytes_into(room);
    unsigned sum = 0;
    for (const std::byte b : end.peek()) sum += static_cast<unsigned>(b);
    if (sum != 1) end.release();
  }
  static void watch(connection& end) {
    pollfd entry{end.fd(), POLLIN, 0};
    (void)::poll(&entry, 1, 0);
  }
  static void move(connection& end) {
    test::end_on_its_way message{end};
    connection arrived = message.arrive();
    message.sent();
    end = std::move(arrived);
  }

  std::array<connection, 2> ends_ = [] {
    auto [a, b] = pipe();
    return std::array{std::move(a), std::move(b)};
  }();
  test::pipe_memory memory_{ends_[0]};
  std::uint8_t forged_;
  transport::frame_writer forger_{memory_.ring(forged_), pipe_ring_bytes, memory_.direction(forged_)};
};

bool is_expected(const error& e) {
  for (const errc code : {errc::malformed, errc::type_mismatch, errc::end_of_stream, errc::broken_pipe, errc::closed,
                          errc::message_too_large, errc::endpoint_in_use, errc::invalid_argument, errc::unsupported})
    if (e.code() == code) return std::strlen(e.what()) > 20;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  input in{{data, size}};
  spoiled_pipe pipe{in.below(2)};
  while (!in.empty()) {
    try {
      pipe.step(in);
    } catch (const error& e) {
      if (!is_expected(e)) std::abort();
    }
  }
  return 0;
}
