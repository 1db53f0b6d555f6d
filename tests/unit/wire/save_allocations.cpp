#include "wire_test.hpp"

#include "troupe/any_value.hpp"

#include <boost/serialization/access.hpp>
#include <deque>
#include <list>
#include <map>
#include <set>
#include <unordered_map>

using namespace troupe_test;

namespace save_allocations {

struct described {
  int a = 0;
  std::map<int, std::string> b;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & a & b;
  }
};
struct everything {
  std::string text = "a text that does not fit into the string object itself";
  std::vector<std::string> strings{20, text};
  std::vector<bool> bits = std::vector<bool>(40, true);
  std::list<double> list{1, 2};
  std::deque<int> deque{1, 2, 3};
  std::map<std::string, std::vector<int>> map{{"a", {1, 2}}};
  std::unordered_map<int, std::optional<std::string>> unordered{{1, text}};
  std::set<int> set{1, 2};
  std::variant<int, std::string> variant = text;
  std::tuple<int, std::string> tuple{1, text};
  described self{1, {{1, text}}};
  troupe::any_value any = troupe::any_value::list{1, text, troupe::any_value::dict{{1, text}}};
};

}  // namespace save_allocations

using namespace save_allocations;

TEST_CASE("The counter that these tests rely on counts", "[wire]") {
  const allocations during;
  const std::vector<int> made(1000);
  CHECK(during.count() == 1);
  CHECK(during.largest() >= made.size() * sizeof(int));
}

TEST_CASE("Saving into a span allocates nothing", "[wire]") {
  const everything value;
  bytes room(10'000);
  const allocations during;
  const std::size_t size = troupe::wire::encode_into(room, value);
  const std::size_t too_small = troupe::wire::encode_into(std::span{room}.first(10), value);
  CHECK(during.count() == 0);
  CHECK(size == too_small);
  CHECK(size < room.size());
}

TEST_CASE("A small message is encoded into a buffer without an allocation", "[wire]") {
  const std::vector<int> value(60);
  const allocations during;
  const auto buffer = troupe::wire::encode(value);
  CHECK(during.count() == 0);
  CHECK(buffer.size() == 244);
}

TEST_CASE("Decoding into an object that has the room allocates nothing", "[wire]") {
  std::vector<std::string> value(5, std::string(50, 'x'));
  const bytes message = encoded(value);
  const allocations during;
  troupe::wire::decode_into(message, value);
  CHECK(during.count() == 0);
}

TEST_CASE("A buffer keeps its bytes when it moves, small or large", "[wire]") {
  for (const std::size_t size : {std::size_t{1}, troupe::wire::buffer::inline_capacity, std::size_t{5000}}) {
    troupe::wire::buffer first{size};
    std::ranges::fill(first.span(), std::byte{7});
    troupe::wire::buffer second = std::move(first);
    CHECK(second.size() == size);
    CHECK(std::ranges::count(second.span(), std::byte{7}) == static_cast<std::ptrdiff_t>(size));
    troupe::wire::buffer third;
    third = std::move(second);
    CHECK(third.span().back() == std::byte{7});
  }
}
