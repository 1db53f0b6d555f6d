#include "support/catch.hpp"
#include "troupe/actor/actor.hpp"
#include "troupe/actor/system.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using troupe::this_system;
using troupe::test::contains;

namespace {

struct peer_api;
struct player_api;

struct number {
  using reply = int;
};
struct meet {
  troupe::ref<peer_api> next;
};
struct go_round {
  using reply = std::string;
  bool with_limit = false;
};
struct peer_api : troupe::protocol<number, meet, go_round> {};

// Asks the next one, and says what came of it: the text of the error, or the next one's word.
class peer : public troupe::actor<peer_api> {
 public:
  int on(const number&) { return 7; }
  void on(const meet& m) { next_ = m.next; }
  std::string on(const go_round& m) {
    try {
      if (!next_) return "the end";
      if (m.with_limit) {
        const auto came = next_.ask(m).try_get_for(1ms);
        return came ? *came : "nothing in time";
      }
      return next_.ask(m).get();
    } catch (const troupe::error& e) {
      return (e.code() == troupe::errc::invalid_argument ? "refused: " : "") + std::string{e.what()};
    }
  }

 private:
  troupe::ref<peer_api> next_;
};

std::vector<troupe::ref<peer_api>> ring_of(int size, auto& home) {
  std::vector<troupe::ref<peer_api>> ring;
  for (int i = 0; i < size; ++i) ring.push_back(home.template spawn<peer>());
  for (int i = 0; i < size; ++i)
    ring[static_cast<std::size_t>(i)].ask(meet{ring[static_cast<std::size_t>((i + 1) % size)]}).get();
  return ring;
}

}  // namespace

TEST_CASE("an actor that waits for its own answer gets an error", "[actor]") {
  for (const unsigned threads : {2U, 4U}) {
    auto node = this_system().start_node({.threads = threads});
    const auto self = ring_of(1, node).front();
    CHECK_THAT(self.ask(go_round{}).get(), contains("refused: ") && contains("it asked itself"));
    CHECK(self.ask(number{}).get() == 7);
  }
}

TEST_CASE("actors that wait for each other in a circle: one of them gets an error", "[actor]") {
  for (const int size : {2, 3}) {
    auto node = this_system().start_node({.threads = 8});
    const auto ring = ring_of(size, node);
    for (int round = 0; round < 50; ++round) {
      std::vector<troupe::answer<std::string>> answers;
      for (const auto& one : ring) answers.push_back(one.ask(go_round{}));
      bool refused = false;
      for (auto& answer : answers) refused |= answer.get().starts_with("refused: ");
      CHECK(refused);
    }
    for (const auto& one : ring) CHECK(one.ask(number{}).get() == 7);
  }
}

TEST_CASE("actors that wait for each other with a limit are no circle", "[actor]") {
  auto node = this_system().start_node({.threads = 4});
  const auto ring = ring_of(2, node);
  CHECK(ring.front().ask(go_round{.with_limit = true}).get() == "nothing in time");
}

TEST_CASE("a chain of waiting actors that is no circle is answered", "[actor]") {
  auto node = this_system().start_node({.threads = 8});
  auto chain = ring_of(3, node);
  chain.back().ask(meet{}).get();
  for (int round = 0; round < 50; ++round) CHECK(chain.front().ask(go_round{}).get() == "the end");
}

namespace {

// Two actors that ask each other in turn: the answer has come, but the asker may not have woken yet.
struct volley {
  using reply = int;
  troupe::ref<player_api> other;
  int left = 0;
};
struct start_after {
  troupe::ref<player_api> other;
  int left = 0;
};
struct player_api : troupe::protocol<number, volley, start_after> {};
class player : public troupe::actor<player_api> {
 public:
  int on(const number&) { return 1; }
  int on(const volley& m) {
    self().tell(start_after{m.other, m.left - 1});
    return 1;
  }
  void on(const start_after& m) {
    if (m.left > 0) m.other.ask(volley{self(), m.left}).get();
  }
};

}  // namespace

TEST_CASE("an answer that has come is no wait, though its asker has not woken yet", "[actor]") {
  auto node = this_system().start_node({.threads = 4});
  const auto a = node.spawn<player>();
  const auto b = node.spawn<player>();
  a.tell(start_after{b, 2000});
  for (int i = 0; i < 2000; ++i) {
    CHECK(a.ask(number{}).get() == 1);
    CHECK(b.ask(number{}).get() == 1);
  }
}

TEST_CASE("a thread that is no actor's may wait for whomever it likes", "[actor]") {
  const auto one = ring_of(1, this_system()).front();
  std::vector<std::thread> many;
  std::atomic<int> right{0};
  for (int i = 0; i < 8; ++i) many.emplace_back([&] { right += one.ask(number{}).get() == 7 ? 1 : 0; });
  for (auto& each : many) each.join();
  CHECK(right == 8);
}
