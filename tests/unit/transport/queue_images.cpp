// Queues as those leave them who are killed in the middle of something: made by hand, as no kill hits each of them for
// sure.
#include "support/catch.hpp"
#include "troupe/memory/owner.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/transport/byte_queue.hpp"
#include "troupe/transport/packet_socket.hpp"
#include "troupe/transport/queue_layout.hpp"

#include <array>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using transport::byte_queue;
using transport::cursor;
using transport::delivery;
using transport::lease_word;

namespace {

constexpr memory::owner::word us = std::uint64_t{1} << 32 | 1;
constexpr memory::owner::word other = std::uint64_t{2} << 32 | 7;

/// A tree in which a process is dead once a test says so.
class graveyard final : public memory::owner::registry {
 public:
  graveyard() { memory::owner::use(us, *this); }
  ~graveyard() override { memory::owner::use_none(); }
  graveyard(const graveyard&) = delete;
  graveyard& operator=(const graveyard&) = delete;

  void bury(memory::owner::word who) {
    dead_.insert(who);
    memory::interrupt::raise_own();
  }
  /// It dies right after somebody has asked whether it is dead for the `looks`th time.
  void bury_after_looks(memory::owner::word who, int looks) {
    dying_ = who;
    looks_ = looks;
    memory::interrupt::raise_own();
  }
  [[nodiscard]] bool is_dead(memory::owner::word who) const noexcept override {
    const bool dead = dead_.contains(who);
    if (who == dying_ && looks_ > 0) {
      if (--looks_ == 0) dead_.insert(who);
      memory::interrupt::raise_own();
    }
    return dead;
  }
  [[nodiscard]] std::string describe(memory::owner::word who) const override {
    return "process " + std::to_string(who >> 32);
  }

 private:
  mutable std::set<memory::owner::word> dead_;
  memory::owner::word dying_ = 0;
  mutable int looks_ = 0;
};

/// A queue of strings, and its memory.
class image {
 public:
  explicit image(delivery lost, bool with_handles = false)
      : queue{byte_queue::create("image", {.lost_items = lost, .with_handles = with_handles})}
      , memory_{memory::region::attach(unique_fd{::dup(queue.fds().memory)})} {}

  [[nodiscard]] transport::queue_layout& layout() const {
    return *reinterpret_cast<transport::queue_layout*>(memory_.data());
  }
  [[nodiscard]] transport::queue_claim& claim(std::size_t index) const {
    return reinterpret_cast<transport::queue_claim*>(memory_.data() + transport::queue_page)[index];
  }
  /// A word of the frame at a cursor.
  [[nodiscard]] std::uint64_t& word(const std::atomic<std::uint64_t>& at, std::size_t index) const {
    auto* ring = reinterpret_cast<std::uint64_t*>(memory_.data() + transport::queue_header_size);
    return ring[cursor::unpack(at.load()).units + index];
  }

  void put(const std::string& text) {
    const std::span<const std::byte> part = std::as_bytes(std::span{text});
    REQUIRE(queue.put({&part, 1}, deadline::now()));
  }
  /// "" if there is none.
  std::string get() {
    const auto item = queue.get(deadline::now());
    return item ? text_of(item->bytes) : "";
  }
  static std::string text_of(const wire::buffer& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  byte_queue queue;

 private:
  memory::region memory_;
};

}  // namespace

TEST_CASE("a frame behind the tail is not there, whatever it says") {
  image q{delivery::unclaimed};
  q.put("first");
  q.word(q.layout().tail, 0) = 8;
  q.word(q.layout().tail, 1) = 0x6465'7474'6970'6e75;
  CHECK(q.queue.size() == 1);
  CHECK(q.get() == "first");
  CHECK(q.get().empty());
  q.put("second");
  CHECK(q.get() == "second");
}

TEST_CASE("a window that is about to grow is the old one until it is stored") {
  image q{delivery::unclaimed};
  const std::string text(std::size_t{200} << 10, 'a');
  q.put(text);
  const std::uint64_t window = q.layout().window;
  std::memset(&q.word(q.layout().tail, 0), 0xff, 4096);  // what a copy to a larger window may have left
  CHECK(q.get() == text);
  q.put(text);  // around the end of the ring
  CHECK(q.get() == text);
  CHECK(q.layout().window == window);
}

TEST_CASE("a claim of items that were not taken is forgotten by who inherits the lock, not reported") {
  graveyard tree;
  image q{delivery::claimed};
  std::vector<lost_items> lost;
  q.queue.on_lost([&](const lost_items& event) { lost.push_back(event); });
  q.put("a");
  q.put("b");
  CHECK(q.get() == "a");
  auto& claim = q.claim(1);
  q.layout().claims_used = 2;
  claim.owner = other;
  claim.name_consumer("process 2");
  claim.first = 1;
  claim.count = 1;

  SECTION("killed before the head moved") {
    // A thread that ends inside is what a killed process is: the kernel passes its lock on.
    std::thread{[&] { REQUIRE(q.layout().consumers.lock() == memory::robust_lock::outcome::locked); }}.join();
    CHECK(q.get() == "b");
    tree.bury(other);
    CHECK(q.get().empty());
    CHECK(lost.empty());
  }
  SECTION("killed after it") {
    CHECK(q.get() == "b");  // by the other one, say
    tree.bury(other);
    CHECK(q.get().empty());
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].sequence == 1);
    CHECK(lost[0].consumer == "process 2");
    tree.bury(other);
    CHECK(q.get().empty());
    CHECK(lost.size() == 1);
  }
  SECTION("killed while it reported somebody else's") {
    claim.name_consumer("process 3");
    claim.first = 0;
    tree.bury(other);
    CHECK(q.get() == "b");
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].consumer == "process 3");
  }
  SECTION("and its name may be any bytes") {
    claim.consumer.fill('x');  // no end
    claim.consumer[1] = '\n';
    CHECK(q.get() == "b");
    tree.bury(other);
    CHECK(q.get().empty());
    REQUIRE(lost.size() == 1);
    CHECK(lost[0].consumer == "x?" + std::string(claim.consumer.size() - 2, 'x'));
  }
}

TEST_CASE("an item whose lease was written and not committed is delivered for the first time") {
  graveyard tree;
  image q{delivery::leased};
  q.put("a");
  q.word(q.layout().next, 1) = lease_word{.what = lease_word::taken, .deliveries = 1, .owner = other}.pack();
  auto held = q.queue.lease(deadline::now());
  REQUIRE(held);
  CHECK(held->deliveries() == 1);
  held->done();
  CHECK(q.queue.wait_until_done(deadline::now()));
}

TEST_CASE("a lease of the dead waits again, wherever its holder was in ending it") {
  graveyard tree;
  image q{delivery::leased};
  for (const char* text : {"a", "b", "c"}) q.put(text);
  auto a = q.queue.lease(deadline::now());
  auto b = q.queue.lease(deadline::now());
  REQUIRE((a && b));
  const auto start = q.layout().head.load();
  auto& word = q.word(q.layout().head, 1);

  SECTION("it held it") {
    word = lease_word{.what = lease_word::taken, .deliveries = 1, .owner = other}.pack();
    CHECK(q.queue.size() == 1);
    tree.bury(other);
    auto again = q.queue.lease(deadline::now());
    REQUIRE(again);
    CHECK(image::text_of(again->bytes()) == "a");
    CHECK(again->deliveries() == 2);
    again->done();
  }
  SECTION("it was about to give it back: counted, and not written") {
    word = lease_word{.what = lease_word::taken, .deliveries = 1, .owner = other}.pack();
    q.layout().returned = 1;
    auto c = q.queue.lease(deadline::now());  // finds none, and takes what waits
    REQUIRE(c);
    CHECK(image::text_of(c->bytes()) == "c");
    c->done();
    CHECK(q.layout().returned == 0);
    tree.bury(other);
    CHECK(q.get() == "a");
  }
  SECTION("it was done, and the head had not followed") {
    word = lease_word{.what = lease_word::done, .deliveries = 1, .owner = 0}.pack();
    CHECK(q.layout().head.load() == start);
    b->done();
    CHECK(cursor::unpack(q.layout().head.load()).items == 2);
  }
  SECTION("it was done, and nobody ends another lease") {
    word = lease_word{.what = lease_word::done, .deliveries = 1, .owner = 0}.pack();
    tree.bury(other);
    CHECK(q.get() == "c");
    b->give_back();
    CHECK(q.get() == "b");
    CHECK(q.queue.wait_until_done(deadline::now()));
  }
  // What this test took from the first holder is none of ours to end.
  try {
    if (a->is_held()) a->done();
  } catch (const error& e) {
    CHECK(e.code() == errc::malformed);
  }
}

TEST_CASE("a death between the look for it and the sleep is not slept over") {
  graveyard tree;
  image q{delivery::leased};
  q.put("a");
  const auto ours = q.queue.lease(deadline::now());
  q.word(q.layout().head, 1) = lease_word{.what = lease_word::taken, .deliveries = 1, .owner = other}.pack();
  tree.bury_after_looks(other, 2);  // the first before it waits without sleeping, the second before it sleeps
  const auto again = q.queue.lease(deadline::after(std::chrono::seconds{20}));
  REQUIRE(again);
  CHECK(again->deliveries() == 2);
}

TEST_CASE("descriptors that were sent ahead of an item that never came go to nobody") {
  image q{delivery::unclaimed, true};
  const std::uint64_t tag = ++q.layout().carried;
  const int lost = q.queue.fds().memory;
  REQUIRE(transport::send_packet(q.queue.fds().carrier_out, std::as_bytes(std::span{&tag, 1}), {}, {&lost, 1},
                                 deadline::now())
          == transport::packet_result::done);
  const std::string text = "with a handle";
  const std::array<int, 2> handles{lost, lost};
  REQUIRE(q.queue.put(std::as_bytes(std::span{text}), handles, deadline::now()));
  auto item = q.queue.get(deadline::now());
  REQUIRE(item);
  CHECK(image::text_of(item->bytes) == text);
  CHECK(item->handles.take(0));
  CHECK(item->handles.take(1));
}
