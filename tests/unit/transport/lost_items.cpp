#include "support/catch.hpp"
#include "support/killed_taker.hpp"
#include "troupe/queue.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

constexpr auto soon = 20s;  // for what happens at once

void get_and_wait(queue<int> q, connection report) {
  take_and_wait([&] { return q.get(); }, report);
}

}  // namespace

TEST_CASE("an item that went with its consumer is reported") {
  queue<int> q{queue_options{.name = "orders"}};
  std::vector<lost_items> lost;
  q.on_lost([&](const lost_items& event) { lost.push_back(event); });
  for (int i = 0; i < 3; ++i) q.put(i);
  CHECK(q.get() == 0);
  kill_once_it_has_taken(get_and_wait, q);
  CHECK(q.try_get_for(soon) == 2);
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].queue == "orders");
  CHECK(lost[0].sequence == 1);
  CHECK(lost[0].count == 1);
  CHECK_THAT(lost[0].consumer, Catch::Contains("process taker (pid "));
  CHECK_FALSE(q.try_get());
  CHECK(lost.size() == 1);
}

TEST_CASE("several items that were taken at once are reported at once, to a producer, too") {
  queue<int> q;
  std::vector<lost_items> lost;
  q.on_lost([&](const lost_items& event) { lost.push_back(event); });
  q.put_many(std::vector{1, 2, 3, 4, 5});
  kill_once_it_has_taken(
      [](queue<int> in, connection report) { take_and_wait([&] { return in.get_many(4); }, report); }, q);
  q.put(6);
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].sequence == 0);
  CHECK(lost[0].count == 4);
}

TEST_CASE("each report has the name of its consumer, though all their rows were used again") {
  constexpr int count = 20;
  queue<int> q;
  std::vector<std::string> reported;
  q.on_lost([&](const lost_items& event) { reported.push_back(event.consumer); });
  std::vector<std::string> expected;
  std::vector<connection> lines;
  std::vector<process> takers;
  for (int i = 0; i < count; ++i) {
    q.put(i);
    auto [ours, theirs] = pipe();
    const std::string name = i == 0 ? std::string(63, 'n') : "taker-" + std::to_string(i);  // the longest, too
    takers.emplace_back(process_options{.name = name}, get_and_wait, q, std::move(theirs)).start();
    REQUIRE(ours.recv<bool>());
    expected.push_back("process " + name + " (pid " + std::to_string(takers.back().pid().value()) + ")");
    lines.push_back(std::move(ours));
  }
  for (process& taker : takers) {
    taker.kill();
    taker.join();
  }
  takers.clear();
  std::vector<process> successors;
  for (int i = 0; i < 2 * count; ++i)
    successors.emplace_back(process_options{.name = "successor", .daemon = true}, [] { ::pause(); }).start();
  CHECK_FALSE(q.try_get());
  std::ranges::sort(reported);
  std::ranges::sort(expected);
  CHECK(reported == expected);
}

TEST_CASE("who came back for more, closed its handle, or ended well has lost nothing") {
  queue<int> q;
  std::size_t lost = 0;
  q.on_lost([&](const lost_items&) { ++lost; });
  for (int i = 0; i < 3; ++i) q.put(i);
  kill_once_it_has_taken(
      [](queue<int> in, connection report) {
        take_and_wait(
            [&] {
              for (int i = 0; i < 3; ++i) (void)in.get();
              return in.try_get();
            },
            report);
      },
      q);
  CHECK_FALSE(q.try_get());
  CHECK(lost == 0);
  q.put(3);
  kill_once_it_has_taken(
      [](queue<int> in, connection report) {
        (void)in.get();
        in.close();
        take_and_wait([] { return 0; }, report);
      },
      q);
  q.put(4);
  CHECK(q.get() == 4);
  CHECK(lost == 0);
  q.put(5);
  process good{[](queue<int> in) { (void)in.get(); }, q};
  good.start();
  good.join();
  CHECK_FALSE(q.try_get());
  CHECK(lost == 0);
}

TEST_CASE("a consumer that dies of an exception has lost what it had taken") {
  queue<int> q;
  std::size_t lost = 0;
  q.on_lost([&](const lost_items&) { ++lost; });
  q.put(1);
  process bad{[](queue<int> in) { throw std::runtime_error{"cannot digest " + std::to_string(in.get())}; }, q};
  bad.start();
  bad.join();
  CHECK_FALSE(q.try_get());
  CHECK(lost == 1);
}

TEST_CASE("each thread of a consumer signs for what it took") {
  queue<int> q;
  std::vector<lost_items> lost;
  q.on_lost([&](const lost_items& event) { lost.push_back(event); });
  for (int i = 0; i < 5; ++i) q.put(i);
  kill_once_it_has_taken(
      [](queue<int> in, connection report) {
        std::atomic<int> taken{0};
        const auto take_one = [&] {
          (void)in.get();
          ++taken;
          taken.notify_all();
          for (;;) ::pause();
        };
        std::thread a{take_one};
        std::thread b{take_one};
        std::thread c{[&] { (void)in.get(); }};  // ends well
        c.join();
        for (int n = taken; n < 2; n = taken) taken.wait(n);
        take_and_wait([] { return 0; }, report);
        a.join();
        b.join();
      },
      q);
  CHECK(q.get_many(5).size() == 2);
  CHECK(lost.size() == 2);
}
