#include "wire_test.hpp"

#include "troupe/wire/aggregate.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <variant>

using namespace troupe_test;

namespace aggregates {

struct nothing {
  bool operator==(const nothing&) const = default;
};
struct point {
  std::int32_t x, y;
  bool operator==(const point&) const = default;
};
struct padded {
  std::int8_t small;
  std::int64_t large;
  bool operator==(const padded&) const = default;
};
struct order {
  std::int64_t id;
  double price;
  std::string item;
  std::vector<int> sizes;
  std::optional<point> where;
  bool operator==(const order&) const = default;
};
struct arrays {
  char name[8];
  std::int32_t table[2][3];
  point corners[2];
  std::string last;
};
struct tree {
  int value;
  std::vector<tree> children;
  std::map<std::string, tree> named;
  bool operator==(const tree&) const = default;
};
struct move_only {
  std::unique_ptr<point> owned;
  std::vector<std::unique_ptr<point>> many;
};
struct of_nothing {
  nothing a;
  int b;
  nothing c;
  bool operator==(const of_nothing&) const = default;
};
struct with_defaults {
  int a = 7;
  std::string b = "default";
  bool operator==(const with_defaults&) const = default;
};
struct not_ours {  // data members of these names are no description
  int serialize;
  int save;
  bool operator==(const not_ours&) const = default;
};
struct long_list {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t;
  std::string u;
  bool operator==(const long_list&) const = default;
};

}  // namespace aggregates

using namespace aggregates;
namespace wire = troupe::wire;

static_assert(wire::field_count<nothing> == 0);
static_assert(wire::field_count<order> == 5);
static_assert(wire::field_count<arrays> == 4);
static_assert(wire::field_count<move_only> == 2);
static_assert(wire::field_count<long_list> == 21);
static_assert(wire::codec<point>::packed() && !wire::codec<padded>::packed() && !wire::codec<order>::packed());

TEST_CASE("A plain aggregate travels without any description", "[wire]") {
  check_travels(nothing{});
  check_travels(point{1, -2});
  check_travels(padded{1, 2});
  check_travels(order{1, 2.5, "item", {3, 4}, point{5, 6}});
  check_travels(tree{1, {{2, {}, {}}, {3, {{4, {}, {}}}, {}}}, {{"five", {5, {}, {}}}}});
  check_travels(of_nothing{{}, 5, {}});
  check_travels(with_defaults{1, "x"});
  check_travels(not_ours{1, 2});
  check_travels(std::vector<point>{{1, 2}, {3, 4}});
  check_travels(std::vector<padded>{{1, 2}, {3, 4}});
  check_travels(long_list{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, "u"});
}

TEST_CASE("An aggregate with C arrays travels", "[wire]") {
  const arrays value{"abc", {{1, 2, 3}, {4, 5, 6}}, {{7, 8}, {9, 10}}, "last"};
  check_travels(value);
  const arrays arrived = round_trip(value);
  CHECK(std::string{arrived.name} == "abc");
  CHECK(arrived.table[1][2] == 6);
  CHECK(arrived.corners[1] == point{9, 10});
  CHECK(arrived.last == "last");
}

TEST_CASE("An aggregate that cannot be copied travels", "[wire]") {
  move_only value{std::make_unique<point>(point{1, 2}), {}};
  value.many.push_back(nullptr);
  value.many.push_back(std::make_unique<point>(point{3, 4}));
  const move_only arrived = round_trip(value);
  CHECK(*arrived.owned == point{1, 2});
  REQUIRE(arrived.many.size() == 2);
  CHECK(arrived.many[0] == nullptr);
  CHECK(*arrived.many[1] == point{3, 4});
}

TEST_CASE("A type local to a function travels", "[wire]") {
  struct local {
    int a;
    std::string b;
    bool operator==(const local&) const = default;
  };
  check_travels(local{1, "b"});
}
