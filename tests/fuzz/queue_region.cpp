#include "input.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/owner.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/transport/byte_queue.hpp"
#include "troupe/transport/queue_layout.hpp"
#include "troupe/wait.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

// A queue whose shared memory is overwritten while it is in use, but for its two locks: who spoils one of those can as
// well hold it. Each call comes back, with a result or with an error of ours. The input is a list of steps: what to do,
// and what with.

namespace {

using namespace troupe;
using fuzz::input;
using transport::byte_queue;
using transport::queue_layout;

constexpr std::size_t ring_bytes = std::size_t{1} << 20;

/// In whose tree everybody else is dead.
class last_one_alive final : public memory::owner::registry {
 public:
  last_one_alive() { memory::owner::use(self, *this); }
  ~last_one_alive() override { memory::owner::use_none(); }
  [[nodiscard]] bool is_dead(memory::owner::word who) const noexcept override { return who != self; }
  [[nodiscard]] std::string describe(memory::owner::word who) const override { return std::to_string(who); }

 private:
  static constexpr memory::owner::word self = std::uint64_t{3} << 32 | 1;
};

/// What checks are about.
constexpr std::array<std::uint64_t, 13> telling{0,
                                                1,
                                                2,
                                                7,
                                                8,
                                                16,
                                                ring_bytes - 8,
                                                ring_bytes,
                                                2 * ring_bytes,
                                                std::uint64_t{1} << 32,
                                                std::uint64_t{1} << 62,
                                                std::uint64_t{1} << 63,
                                                ~std::uint64_t{0}};

/// A queue, and somebody with the same memory who keeps to no rules.
class spoiled_queue {
 public:
  explicit spoiled_queue(input& in)
      : queue_{byte_queue::create("spoiled", {.items = in.below(4) == 0 ? in.below(8) : 0U,
                                              .backlog = ring_bytes,
                                              .largest = ring_bytes,
                                              .type = 1,
                                              .lost_items = static_cast<transport::delivery>(in.below(3)),
                                              .most_deliveries = in.below(3),
                                              .with_handles = in.below(2) == 0})}
      , memory_{memory::region::attach(unique_fd{::dup(queue_.fds().memory)})}
      , layout_{*reinterpret_cast<queue_layout*>(memory_.data())} {
    queue_.on_lost([](const lost_items&) {});
    queue_.on_dead_item([](const transport::dead_item&) {});
  }

  void step(input& in) {
    switch (in.below(18)) {
    case 0: return spoil_header(in);
    case 1: return move_cursor(in);
    case 2: return spoil_frame(in);
    case 3: return spoil_claim(in);
    case 4: return put(in.take<std::uint8_t>());
    case 5: return put(in.take<std::uint16_t>());
    case 6: return put(std::size_t{in.take<std::uint16_t>()} * 32);
    case 7: return put_some(in);
    case 8: return put_handles(in);
    case 9: return (void)queue_.get(deadline::now());
    case 10: return get_some(in);
    case 11: return lease();
    case 12: return end_lease(in);
    case 13: return memory::interrupt::raise_own();
    case 14: return (void)queue_.wait_until_done(deadline::now());
    case 15: return (void)(queue_.size() + (queue_.full() ? 1 : 0) + queue_.name().size());
    case 16: return attach();
    default:
      if (in.below(8) == 0) queue_.shutdown(in.below(2) == 0);
    }
  }

 private:
  void spoil_header(input& in) {
    const std::size_t at = in.take<std::uint16_t>() % sizeof(queue_layout) / 4 * 4;
    const auto in_lock = [&](const memory::robust_lock& lock) {
      const auto start = static_cast<std::size_t>(reinterpret_cast<const std::byte*>(&lock) - memory_.data());
      return at >= start && at < start + sizeof lock;
    };
    if (in_lock(layout_.producers) || in_lock(layout_.consumers)) return;
    const auto word = static_cast<std::uint32_t>(in.word(telling));
    std::memcpy(memory_.data() + at, &word, sizeof word);
  }
  /// What most depends on.
  void move_cursor(input& in) {
    std::array<std::atomic<std::uint64_t>*, 7> cursors{&layout_.head,      &layout_.tail,      &layout_.next,
                                                       &layout_.head_seen, &layout_.tail_seen, &layout_.window,
                                                       &layout_.taken};
    auto& chosen = *cursors.at(in.below(cursors.size()));
    if (in.below(2) == 0)
      chosen = in.word(telling);
    else
      chosen += in.word(telling);
  }
  void spoil_frame(input& in) {
    const std::size_t start = transport::cursor::unpack(layout_.head.load()).units * std::size_t{8};
    const std::size_t at = (start + std::size_t{8} * in.below(64)) % (std::size_t{256} << 10);
    const std::uint64_t word = in.word(telling);
    std::memcpy(memory_.data() + transport::queue_header_size + at, &word, sizeof word);
  }
  void spoil_claim(input& in) {
    auto* claims = reinterpret_cast<std::atomic<std::uint64_t>*>(memory_.data() + transport::queue_page);
    claims[in.below(64)] = in.word(telling);
  }

  void put(std::size_t size) {
    const std::vector<std::byte> bytes(size);
    const std::span<const std::byte> part = bytes;
    (void)queue_.put({&part, 1}, deadline::now());
  }
  void put_some(input& in) {
    transport::frame_batch batch;
    for (int i = in.below(8); i >= 0; --i) batch.add(std::string(in.take<std::uint16_t>(), 'b'));
    while (!batch.empty() && queue_.put_some(batch, deadline::now()) != 0) {
    }
  }
  void put_handles(input& in) {
    const std::vector<std::byte> bytes(in.take<std::uint8_t>());
    const std::vector<int> handles(1 + in.below(3), 0);
    (void)queue_.put(bytes, handles, deadline::now());
  }
  void get_some(input& in) {
    transport::frame_batch batch;
    (void)queue_.get_some(batch, in.below(16), deadline::now());
    for (; !batch.empty(); batch.pop())
      for (const std::byte b : batch.front()) [[maybe_unused]]
        const volatile std::byte read = b;
  }
  void lease() {
    if (auto held = queue_.lease(deadline::now())) held_.push_back(std::move(*held));
  }
  void end_lease(input& in) {
    if (held_.empty()) return;
    std::swap(held_.back(), held_[in.below(255) % held_.size()]);
    transport::held_item item = std::move(held_.back());
    held_.pop_back();
    if (in.below(2) == 0) item.done();
  }
  void attach() const {
    const auto fds = queue_.fds();
    const auto again = byte_queue::attach({.memory = unique_fd{::dup(fds.memory)}, .carrier = {}}, 1);
    (void)again.size();
  }

  byte_queue queue_;
  memory::region memory_;
  queue_layout& layout_;
  std::vector<transport::held_item> held_;
};

bool is_expected(const error& e) {
  for (const errc code : {errc::malformed, errc::type_mismatch, errc::end_of_stream, errc::closed,
                          errc::message_too_large, errc::invalid_argument, errc::unsupported, errc::out_of_memory})
    if (e.code() == code) return std::strlen(e.what()) > 20;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const last_one_alive tree;
  input in{{data, size}};
  spoiled_queue queue{in};
  while (!in.empty()) {
    try {
      queue.step(in);
    } catch (const error& e) {
      if (is_expected(e)) continue;
      std::fprintf(stderr, "not an error for its caller: %s\n", e.what());
      std::abort();
    }
  }
  return 0;
}
