// Queues with leases whose consumers are killed at any instruction.
#include "support/catch.hpp"
#include "support/kill_at_every_instruction.hpp"
#include "surviving_queue.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

queue_options with_leases() { return {.name = "jobs", .leases = true}; }

}  // namespace

TEST_CASE("a lease killed at any instruction loses nothing", "[every_instruction]") {
  kill_at_every_instruction({.operation = "lease of an int"}, [](victim& victim) {
    queue<int> q{with_leases()};
    for (const int item : {1, 2, 3}) q.put(item);
    victim.run(
        [](marks marks, queue<int> in) {
          in.lease().done();
          std::optional<lease<int>> item;
          marks.around([&] { item = in.lease(); });
        },
        q);
    auto again = q.try_lease_for(soon).value();
    REQUIRE(*again == 2);
    const bool leased = again.deliveries() == 2;
    if (!leased) REQUIRE(again.deliveries() == 1);
    again.done();
    REQUIRE(content(q, 4) == std::vector{3});
    return as_outcome(leased);
  });
}

TEST_CASE("a lease of a large item killed at any instruction loses nothing", "[every_instruction]") {
  kill_at_every_instruction({.operation = "lease of 300 KiB", .kills = 400}, [](victim& victim) {
    queue<std::string> q{with_leases()};
    q.put(large('1'));
    q.put(large('2'));
    victim.run(
        [](marks marks, queue<std::string> in) {
          in.lease().done();
          std::optional<lease<std::string>> item;
          marks.around([&] { item = in.lease(); });
        },
        q);
    auto again = q.try_lease_for(soon).value();
    REQUIRE(*again == large('2'));
    const bool leased = again.deliveries() == 2;
    again.done();
    REQUIRE(content(q, large('3')).empty());
    return as_outcome(leased);
  });
}

TEST_CASE("a lease of a returned item killed at any instruction loses nothing", "[every_instruction]") {
  kill_at_every_instruction({.operation = "lease of a returned item"}, [](victim& victim) {
    queue<int> q{with_leases()};
    for (const int item : {1, 2, 3}) q.put(item);
    auto first = q.lease();
    (void)q.lease();  // given back at once
    victim.run(
        [](marks marks, queue<int> in) {
          in.lease().give_back();
          std::optional<lease<int>> item;
          marks.around([&] { item = in.lease(); });
        },
        q);
    auto again = q.try_lease_for(soon).value();
    REQUIRE(*again == 2);
    const bool leased = again.deliveries() == 4;
    if (!leased) REQUIRE(again.deliveries() == 3);
    again.done();
    first.done();
    REQUIRE(content(q, 4) == std::vector{3});
    return as_outcome(leased);
  });
}

TEST_CASE("a done killed at any instruction has ended its item or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "done"}, [](victim& victim) {
    queue<int> q{with_leases()};
    for (const int item : {1, 2, 3}) q.put(item);
    victim.run(
        [](marks marks, queue<int> in) {
          in.lease().done();
          auto item = in.lease();
          marks.around([&] { item.done(); });
        },
        q);
    const auto items = content(q, 4);
    const bool done = items == std::vector{3};
    if (!done) REQUIRE(items == std::vector{2, 3});
    return as_outcome(done);
  });
}

TEST_CASE("a done out of order killed at any instruction has ended its item or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "done out of order", .kills = 800}, [](victim& victim) {
    queue<int> q{with_leases()};
    for (const int item : {0, 1, 2, 3}) q.put(item);
    auto first = q.lease();
    victim.run(
        [](marks marks, queue<int> in) {
          in.lease().done();
          auto item = in.lease();
          marks.around([&] { item.done(); });
        },
        q);
    const auto items = content(q, 4);
    const bool done = items == std::vector{3};
    if (!done) REQUIRE(items == std::vector{2, 3});
    first.done();
    REQUIRE(q.empty());
    q.shutdown();
    REQUIRE_THROWS_AS(q.try_lease_for(soon), error);  // all is done
    return as_outcome(done);
  });
}

TEST_CASE("giving back killed at any instruction gives the item to others", "[every_instruction]") {
  kill_at_every_instruction({.operation = "give_back"}, [](victim& victim) {
    queue<int> q{with_leases()};
    for (const int item : {1, 2}) q.put(item);
    victim.run(
        [](marks marks, queue<int> in) {
          in.lease().give_back();
          auto item = in.lease();
          marks.around([&] { item.give_back(); });
        },
        q);
    auto again = q.try_lease_for(soon).value();
    REQUIRE(*again == 1);
    REQUIRE(again.deliveries() == 3);
    again.done();
    REQUIRE(content(q, 3) == std::vector{2});
    return outcome::unknown;
  });
}
