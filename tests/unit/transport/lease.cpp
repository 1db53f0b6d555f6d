#include "support/catch.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/wait.hpp"

#include <atomic>
#include <csignal>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr auto soon = 20s;  // for what happens at once

template <class F>
errc error_of(F f) {
  try {
    f();
  } catch (const error& e) {
    return static_cast<errc>(e.code().value());
  }
  return errc{};
}

queue_options with_leases(std::uint32_t max_deliveries = 0) {
  return {.name = "jobs", .leases = true, .max_deliveries = max_deliveries};
}

/// Takes one item, says so, and waits to be killed.
template <class Take>
void take_and_wait(Take take, connection& report) {
  [[maybe_unused]] const auto item = take();
  report.send(true);
  (void)report.recv<bool>();
}

void lease_and_wait(queue<int> q, connection report) {
  take_and_wait([&] { return q.lease(); }, report);
}
void get_and_wait(queue<int> q, connection report) {
  take_and_wait([&] { return q.get(); }, report);
}

/// Runs `body(q, connection)` as a process until it has reported, and kills it.
template <class Body, class Queue>
void kill_once_it_has_taken(Body body, const Queue& q) {
  auto [ours, theirs] = pipe();
  process taker{process_options{.name = "taker"}, body, q, std::move(theirs)};
  taker.start();
  REQUIRE(ours.template recv<bool>());
  taker.kill();
  taker.join();
}

}  // namespace

// -- leases ----------------------------------------------------------------------------------------------------------

TEST_CASE("a leased item leaves the queue once it is done") {
  queue<std::string> q{with_leases()};
  q.put("a");
  q.put("b");
  auto first = q.lease();
  CHECK(*first == "a");
  CHECK(first.deliveries() == 1);
  CHECK(first.sequence() == 0);
  CHECK(q.size() == 1);
  auto second = q.lease();
  CHECK(second->size() == 1);
  CHECK(second.sequence() == 1);
  CHECK_FALSE(q.try_lease());
  second.done();
  first.done();
  CHECK(q.empty());
  CHECK(error_of([&] { first.done(); }) == errc::closed);
  CHECK(error_of([&] { first.give_back(); }) == errc::closed);
}

TEST_CASE("a lease given back or dropped is the next to be delivered") {
  queue<int> q{with_leases()};
  for (int i = 0; i < 4; ++i) q.put(i);
  auto first = q.lease();
  {
    auto dropped = q.lease();
    CHECK(*dropped == 1);
  }
  first.give_back();
  CHECK(q.size() == 4);
  auto again = q.lease();
  CHECK(*again == 0);
  CHECK(again.deliveries() == 2);
  again = q.lease();  // gives the first back, and takes the next
  CHECK(*again == 1);
  again.done();
  CHECK(q.get() == 0);
  CHECK(q.get() == 2);
  CHECK(q.get() == 3);
  CHECK_FALSE(q.try_lease());
}

TEST_CASE("a queue without leases says how to get them") {
  queue<int> q{queue_options{.name = "orders"}};
  q.put(1);
  CHECK_THROWS_WITH(q.lease(), Catch::Contains("orders") && Catch::Contains("leases = true"));
}

TEST_CASE("items are leased while the queue grows, and shrinks when all are done") {
  queue<std::string> q{with_leases()};
  std::vector<lease<std::string>> held;
  for (int i = 0; i < 300; ++i) {
    q.put(std::string(static_cast<std::size_t>(i) * 300, static_cast<char>('a' + i % 26)));
    if (i % 3 == 0) held.push_back(q.lease());
  }
  for (std::size_t i = 0; i < held.size(); ++i)
    CHECK(*held[i] == std::string(i * 300, static_cast<char>('a' + i % 26)));
  for (auto item = held.rbegin(); item != held.rend(); ++item) item->done();
  for (std::size_t i = held.size(); i < 300; ++i)
    CHECK(q.get() == std::string(i * 300, static_cast<char>('a' + i % 26)));
  CHECK(q.empty());
}

TEST_CASE("what is out on a lease does not count against the limit on items") {
  queue<int> q{queue_options{.maxsize = 1, .leases = true}};
  q.put(1);
  CHECK_FALSE(q.try_put(2));
  auto one = q.lease();
  CHECK(q.try_put(2));
  CHECK(q.full());
  one.done();
  CHECK_FALSE(q.try_put(3));
  CHECK(q.get() == 2);
}

TEST_CASE("many items at once work on a queue with leases, too") {
  queue<int> q{with_leases()};
  q.put_many(std::vector{1, 2, 3, 4, 5});
  CHECK(q.get_many(3) == std::vector{1, 2, 3});
  CHECK(*q.lease() == 4);
  q.shutdown();
  CHECK(q.get_many(10) == std::vector{4, 5});
  CHECK(error_of([&] { (void)q.get_many(10); }) == errc::end_of_stream);
}

TEST_CASE("the end of a queue with leases comes when all is done") {
  queue<int> q{with_leases()};
  q.put(1);
  auto mine = q.lease();
  q.shutdown();
  CHECK(error_of([&] { (void)q.lease(); }) == errc::end_of_stream);  // it is we who are not done
  mine.give_back();
  q.lease().done();
  CHECK(error_of([&] { (void)q.lease(); }) == errc::end_of_stream);
}

TEST_CASE("after a shutdown a consumer waits for what others may not finish") {
  queue<int> q{with_leases()};
  q.put(7);
  auto [ours, theirs] = pipe();
  process holder{lease_and_wait, q, std::move(theirs)};
  holder.start();
  REQUIRE(ours.recv<bool>());
  q.shutdown();
  CHECK_FALSE(q.try_lease());
  std::thread killer{[&] { holder.kill(); }};
  auto again = q.lease();
  killer.join();
  CHECK(*again == 7);
  CHECK(again.deliveries() == 2);
  again.done();
  CHECK(error_of([&] { (void)q.lease(); }) == errc::end_of_stream);
}

TEST_CASE("shutdown with drop ends leases, too") {
  queue<int> q{with_leases()};
  q.put(1);
  q.put(2);
  auto held = q.lease();
  q.shutdown(true);
  CHECK(error_of([&] { (void)q.lease(); }) == errc::end_of_stream);
  held.done();  // nothing to say it to
  CHECK(q.empty());
}

TEST_CASE("what a dead process had leased is delivered again, first of all") {
  queue<int> q{with_leases()};
  q.put(1);
  q.put(2);
  kill_once_it_has_taken(lease_and_wait, q);
  auto again = q.try_lease_for(soon);
  REQUIRE(again);
  CHECK(**again == 1);
  CHECK(again->deliveries() == 2);
  again->done();
  CHECK(q.get() == 2);
}

TEST_CASE("a consumer asleep gets what a dead one had leased") {
  queue<int> q{with_leases()};
  q.put(1);
  auto [ours, theirs] = pipe();
  process holder{lease_and_wait, q, std::move(theirs)};
  holder.start();
  REQUIRE(ours.recv<bool>());
  process waiter{[](queue<int> in) { return *in.lease(); }, q};  // dropped: given back
  waiter.start();
  CHECK_FALSE(waiter.try_join_for(2ms));
  holder.kill();
  REQUIRE(waiter.try_join_for(soon));
  CHECK(waiter.exit_code() == 1);
  CHECK(q.lease().deliveries() == 3);
}

TEST_CASE("a stopped process keeps its lease") {
  queue<int> q{with_leases()};
  q.put(1);
  auto [ours, theirs] = pipe();
  process holder{[](queue<int> in, connection line) {
                   auto item = in.lease();
                   line.send(true);
                   (void)line.recv<bool>();
                   item.done();
                 },
                 q, std::move(theirs)};
  holder.start();
  REQUIRE(ours.recv<bool>());
  REQUIRE(::kill(*holder.pid(), SIGSTOP) == 0);
  process other{[] {}};  // a death makes everybody look
  other.start();
  other.join();
  CHECK_FALSE(q.try_lease_for(5ms));
  REQUIRE(::kill(*holder.pid(), SIGCONT) == 0);
  ours.send(true);
  holder.join();
  CHECK(holder.exit_code() == 0);
  CHECK_FALSE(q.try_lease());
}

TEST_CASE("an item that is delivered too often goes to the dead letters") {
  queue<std::string> q{with_leases(2)};
  std::vector<dead_letter<std::string>> letters;
  q.on_dead_letter([&](dead_letter<std::string> letter) { letters.push_back(std::move(letter)); });
  q.put("poison");
  q.put("fine");
  for (std::uint32_t i = 1; i <= 2; ++i) CHECK(q.lease().deliveries() == i);
  CHECK(q.get() == "fine");
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].item == "poison");
  CHECK(letters[0].queue == "jobs");
  CHECK(letters[0].sequence == 0);
  CHECK(letters[0].deliveries == 2);
  CHECK(q.empty());
}

TEST_CASE("a dead letter whose handler throws comes again") {
  queue<int> q{with_leases(1)};
  q.put(1);
  (void)q.lease();
  q.on_dead_letter([](const dead_letter<int>&) { throw std::runtime_error{"no ink"}; });
  CHECK_THROWS_WITH(q.try_lease(), "no ink");
  std::size_t letters = 0;
  q.on_dead_letter([&](const dead_letter<int>&) { ++letters; });
  CHECK_FALSE(q.try_lease());
  CHECK(letters == 1);
}

TEST_CASE("leases can be gone through to the end of the stream; what is not done comes again") {
  queue<int> q{with_leases()};
  for (int i = 0; i < 3; ++i) q.put(i);
  q.shutdown();
  std::vector<int> seen;
  for (auto& item : q.leases()) {
    seen.push_back(*item);
    if (*item != 1 || item.deliveries() == 2) item.done();
  }
  CHECK(seen == std::vector{0, 1, 1, 2});
}

TEST_CASE("wait knows of leases") {
  queue<int> q{with_leases()};
  q.put(1);
  CHECK(try_wait({q}).size() == 1);
  auto held = q.lease();
  CHECK(try_wait({q}).empty());
  held.give_back();
  CHECK(try_wait({q}).size() == 1);
}

// -- lost items ------------------------------------------------------------------------------------------------------

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

// -- handles ---------------------------------------------------------------------------------------------------------

TEST_CASE("connections and queues travel through a queue") {
  queue<connection> q;
  auto [ours, theirs] = pipe();
  process worker{[](queue<connection> in) {
                   connection line = in.get();
                   line.send(line.recv<int>() + 1);
                 },
                 q};
  worker.start();
  q.put(theirs);
  CHECK_FALSE(theirs.is_open());
  ours.send(41);
  CHECK(ours.recv<int>() == 42);
  worker.join();

  queue<queue<int>> queues;
  queue<int> inner;
  inner.put(5);
  queues.put(inner);
  CHECK(queues.get().get() == 5);
  CHECK(inner.empty());
}

TEST_CASE("items with and without handles keep their order, more than can be on their way at once") {
  queue<std::vector<queue<int>>> q;
  queue<int> inner;
  std::thread producer{[&] {
    for (std::size_t i = 0; i < 2000; ++i) q.put(std::vector<queue<int>>(i % 3, inner));
    q.shutdown();
  }};
  std::size_t i = 0;
  for (auto& item : q) {
    if (item.size() != i % 3) break;
    ++i;
  }
  producer.join();
  CHECK(i == 2000);
}

TEST_CASE("a dropped item closes its handles") {
  queue<connection> q;
  auto [ours, theirs] = pipe();
  q.put(theirs);
  q.shutdown(true);
  CHECK(error_of([&] { (void)ours.recv<int>(); }) == errc::end_of_stream);
}

TEST_CASE("handles on a queue with leases are refused") {
  queue<connection> q{queue_options{.name = "lines", .leases = true}};
  auto [ours, theirs] = pipe();
  CHECK_THROWS_WITH(q.put(theirs), Catch::Contains("lines") && Catch::Contains("without leases"));
  CHECK(theirs.is_open());
}

// -- the other queues ------------------------------------------------------------------------------------------------

TEST_CASE("a simple queue puts and gets") {
  simple_queue<std::string> q;
  CHECK(q.empty());
  q.put("a");
  process echo{[](simple_queue<std::string> both) { both.put(both.get() + "b"); }, q};
  echo.start();
  echo.join();
  CHECK(q.get() == "ab");
  CHECK_FALSE(q.try_get());
}

TEST_CASE("join waits until every item is done") {
  joinable_queue<int> q;
  CHECK(q.try_join());
  for (int i = 0; i < 3; ++i) q.put(i);
  CHECK(q.get() == 0);
  CHECK(q.get() == 1);
  CHECK(q.size() == 1);
  q.task_done();
  CHECK_FALSE(q.try_join_for(1ms));
  q.task_done();
  CHECK(error_of([&] { q.task_done(); }) == errc::invalid_argument);
  process worker{[](joinable_queue<int> in) {
                   (void)in.get();
                   in.task_done();
                 },
                 q};
  worker.start();
  q.join();
  worker.join();
  CHECK(q.empty());
}

TEST_CASE("join goes on waiting for what a dead worker had begun") {
  joinable_queue<int> q;
  q.put(1);
  kill_once_it_has_taken(
      [](joinable_queue<int> in, connection report) { take_and_wait([&] { return in.get(); }, report); }, q);
  CHECK_FALSE(q.try_join_for(1ms));
  CHECK(q.try_get_for(soon) == 1);
  q.task_done();
  q.join();
}

TEST_CASE("each thread finishes what it got itself") {
  joinable_queue<int> q{1};
  q.put(1);
  CHECK(q.get() == 1);
  std::thread other{[&] {
    q.put(2);
    (void)q.get();
    q.task_done();
  }};
  other.join();
  q.close();  // gives back what is not done: the first
  CHECK(error_of([&] { q.put(1); }) == errc::closed);
}
