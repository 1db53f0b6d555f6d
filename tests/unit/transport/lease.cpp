#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/killed_taker.hpp"
#include "troupe/queue.hpp"
#include "troupe/wait.hpp"

#include <csignal>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

constexpr auto soon = 20s;  // for what happens at once

queue_options with_leases(std::uint32_t max_deliveries = 0) {
  return {.name = "jobs", .leases = true, .max_deliveries = max_deliveries};
}

void lease_and_wait(queue<int> q, connection report) {
  take_and_wait([&] { return q.lease(); }, report);
}

}  // namespace

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

TEST_CASE("a copy made by fork can neither end nor give back a lease of its parent") {
  queue<int> q{with_leases()};
  for (int i = 0; i < 3; ++i) q.put(i);
  std::optional dropped{q.lease()};
  auto done = q.lease();
  auto given_back = q.lease();
  const pid_t copy = ::fork();
  if (copy == 0) {
    dropped.reset();
    const bool right = error_of([&] { done.done(); }) == errc::unsupported
                       && error_of([&] { given_back.give_back(); }) == errc::unsupported;
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  ::waitpid(copy, &status, 0);
  CHECK(status == 0);
  CHECK_FALSE(q.try_lease());
  given_back.give_back();
  CHECK(*q.lease() == 2);
  done.done();
  dropped->done();
  CHECK(q.size() == 1);  // the one given back again by now
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
