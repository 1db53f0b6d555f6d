#include "troupe/actor/watch_list.hpp"

#include "support/catch.hpp"

using troupe::actor_address;
using troupe::process_id;
using troupe::actors::watch_list;

namespace {

constexpr process_id here{1, 1};
constexpr process_id there{2, 1};
constexpr actor_address a{here, 1};
constexpr actor_address b{here, 2};
constexpr actor_address far{there, 1};

}  // namespace

TEST_CASE("a watch is listed once and taken once", "[actor]") {
  watch_list list;
  CHECK(list.add({a, b}));
  CHECK_FALSE(list.add({a, b}));
  CHECK(list.take({a, b}));
  CHECK_FALSE(list.take({a, b}));
  CHECK(list.take_watchers_of(a).empty());
}

TEST_CASE("the watchers of an actor are taken together, others stay", "[actor]") {
  watch_list list;
  list.add({a, b});
  list.add({a, far});
  list.add({b, far});
  CHECK(list.take_watchers_of(a) == std::vector{b, far});
  CHECK(list.take_watchers_of(a).empty());
  CHECK(list.take_watchers_of(b) == std::vector{far});
}

TEST_CASE("a watcher that ended is in no list", "[actor]") {
  watch_list list;
  list.add({a, b});
  list.add({far, b});
  list.add({a, far});
  list.forget_watcher(b);
  CHECK(list.take_watchers_of(a) == std::vector{far});
  CHECK(list.take_watchers_of(far).empty());
}

TEST_CASE("the death of a process yields what was watched there and forgets who watched from there", "[actor]") {
  watch_list list;
  list.add({far, a});
  list.add({b, far});
  std::set<process_id> partners;
  list.collect_partners(partners);
  CHECK(partners == std::set{here, there});
  const auto lost = list.take_all_of(there);
  REQUIRE(lost.size() == 1);
  CHECK(lost[0].watcher == a);
  CHECK(list.take_watchers_of(b).empty());
}
