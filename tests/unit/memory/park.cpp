#include "troupe/memory/park.hpp"
#include "support/catch.hpp"
#include "troupe/memory/event_count.hpp"

#include <thread>

using namespace troupe;
using namespace std::chrono_literals;
using memory::event_count;
using memory::park;

namespace {

const bool asymmetric = memory::asymmetric_fence::available();

}  // namespace

TEST_CASE("parking on a word that has changed returns at once") {
  const std::atomic<std::uint32_t> word{1};
  CHECK(park(word, 0, memory::interrupt::sample(), deadline::never()));
}

TEST_CASE("parking ends at its deadline") {
  const std::atomic<std::uint32_t> word{0};
  CHECK_FALSE(park(word, 0, memory::interrupt::sample(), deadline::now()));
  const auto limit = deadline::after(5ms);
  while (park(word, 0, memory::interrupt::sample(), limit)) {
  }
  CHECK(limit.passed());
}

TEST_CASE("no notification is lost between threads that hand a token back and forth") {
  event_count moved;
  std::atomic<int> token{0};
  constexpr int rounds = 20'000;
  const auto player = [&](int mine) {
    for (int i = 0; i < rounds; ++i) {
      while (token.load() % 2 != mine) {
        const std::uint32_t interrupts = memory::interrupt::sample();
        const auto ticket = moved.announce(asymmetric);
        if (token.load() % 2 == mine) break;
        moved.wait(ticket, interrupts, deadline::never());
      }
      token.fetch_add(1);
      moved.notify(asymmetric);
    }
  };
  std::thread other{player, 1};
  player(0);
  other.join();
  CHECK(token.load() == 2 * rounds);
}

TEST_CASE("one notification wakes every waiter") {
  event_count changed;
  std::atomic<bool> go{false};
  std::atomic<int> woken{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 8; ++i)
    waiters.emplace_back([&] {
      for (;;) {
        const std::uint32_t interrupts = memory::interrupt::sample();
        const auto ticket = changed.announce(asymmetric);
        if (go.load()) break;
        changed.wait(ticket, interrupts, deadline::never());
      }
      woken.fetch_add(1);
    });
  go.store(true);
  changed.notify(asymmetric);
  for (auto& w : waiters) w.join();
  CHECK(woken.load() == 8);
}
