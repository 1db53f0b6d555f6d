#include "wire_test.hpp"

#include <deque>
#include <map>
#include <valarray>

using namespace troupe_test;

namespace hostile {

struct nothing {};
struct wide {  // little on the wire, much in memory
  std::optional<std::array<double, 500>> maybe;
};
struct tree {
  std::vector<tree> children;
};
struct recursive {  // nests by its own serialize, not through a container of ours
  std::unique_ptr<recursive> next;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    bool more = next != nullptr;
    ar & more;
    if (!more) return;
    if (!next) next = std::make_unique<recursive>();
    ar&* next;
  }
};

// The largest single allocation while a refused message is read.
template <class T>
std::size_t largest_allocation(const bytes& message) {
  const allocations during;
  const bool refused = is_malformed<T>(message);
  const std::size_t largest = during.largest();
  CHECK(refused);
  return largest;
}

}  // namespace hostile

using namespace hostile;

TEST_CASE("A count that the message cannot hold is malformed before anything is allocated for it", "[wire]") {
  const bytes lie = bytes_of({0xff, 0xff, 0xff, 0x7f, 1, 2, 3, 4});
  CHECK(largest_allocation<std::string>(lie) < 4096);
  CHECK(largest_allocation<std::vector<int>>(lie) < 4096);
  CHECK(largest_allocation<std::vector<bool>>(lie) < 4096);
  CHECK(largest_allocation<std::vector<std::string>>(lie) < 4096);
  CHECK(largest_allocation<std::vector<std::vector<int>>>(lie) < 4096);
  CHECK(largest_allocation<std::deque<std::string>>(lie) < 4096);
  CHECK(largest_allocation<std::valarray<double>>(lie) < 4096);
  CHECK(largest_allocation<std::map<int, int>>(lie) < 4096);
  CHECK(largest_allocation<std::vector<nothing>>(lie) < 2 * troupe::wire::max_empty_elements);
}

TEST_CASE("A plausible count of elements that are large in memory allocates only as they are read", "[wire]") {
  bytes message = encoded(std::uint32_t{100'000});
  message.resize(4 + 100'000, std::byte{2});  // 2 is no flag: the first element is malformed
  CHECK(sizeof(wide) > 4000);
  CHECK(largest_allocation<std::vector<wide>>(message) < 16 * message.size());
}

TEST_CASE("The error says what was read, where, and what is wrong", "[wire]") {
  const auto error = refusal_of<std::pair<int, std::vector<std::string>>>(
      bytes_of({1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 'a', 9, 0, 0, 0, 'b'}));
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::malformed);
  CHECK(says(*error, {"string", "byte 17 of 18", "9 elements"}));
}

TEST_CASE("Values outside of what their type allows are malformed", "[wire]") {
  CHECK(is_malformed<bool>(bytes_of({2})));
  CHECK(is_malformed<std::vector<bool>>(bytes_of({1, 0, 0, 0, 0xff})));
  CHECK(is_malformed<std::optional<int>>(bytes_of({2, 0, 0, 0, 0})));
  CHECK(is_malformed<std::variant<int, char>>(bytes_of({2, 0, 0, 0, 0})));
  CHECK(is_malformed<std::variant<int, char>>(bytes_of({0xff, 0, 0, 0, 0})));
  CHECK(is_malformed<std::bitset<3>>(bytes_of({8})));
}

TEST_CASE("Bytes after the end of a value are malformed", "[wire]") {
  CHECK(is_malformed<int>(bytes_of({1, 2, 3, 4, 5})));
  CHECK(is_malformed<nothing>(bytes_of({0})));
}

TEST_CASE("Nesting without end is malformed before the stack ends", "[wire]") {
  bytes message;
  for (int i = 0; i < 100'000; ++i) {
    message.push_back(std::byte{1});
    message.resize(message.size() + 3);
  }
  CHECK(is_malformed<tree>(message));

  bytes flags(200'000, std::byte{0});  // class version 0, then one byte `more`
  for (std::size_t i = 1; i < flags.size(); i += 2) flags[i] = std::byte{1};
  CHECK(is_malformed<recursive>(flags));
}

TEST_CASE("What nests too deep is refused by the sender already", "[wire]") {
  tree value;
  for (tree* t = &value; value.children.size() < 2; t = &t->children.emplace_back()) {
    static int depth = 0;
    if (++depth == 600) break;
  }
  const auto error = error_of([&] { static_cast<void>(encoded(value)); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::invalid_argument);
}

TEST_CASE("Elements that take no bytes are limited on both sides", "[wire]") {
  CHECK(round_trip(std::vector<nothing>(1000)).size() == 1000);
  CHECK(is_malformed<std::vector<nothing>>(encoded(std::uint32_t{0xffffffff})));
  const auto error = error_of([] { static_cast<void>(encoded(std::vector<nothing>(100'000))); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::message_too_large);
}
