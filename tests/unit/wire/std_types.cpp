#include "wire_test.hpp"

#include <bitset>
#include <chrono>
#include <complex>
#include <cstdint>
#include <deque>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <valarray>
#include <variant>

using namespace troupe_test;
using namespace std::chrono_literals;

namespace std_types {

enum class color : std::uint8_t { red, green = 7 };
enum old_enum { first, second };

// Nothing to default-construct, nothing to copy.
struct flag {
  bool set;
  bool operator==(const flag&) const = default;
};

}  // namespace std_types

using namespace std_types;

TEST_CASE("Every number comes back as it was sent, to its limits", "[wire]") {
  const auto check_limits = []<class T>(T) {
    check_travels(std::numeric_limits<T>::lowest());
    check_travels(std::numeric_limits<T>::max());
    check_travels(T{42});
  };
  std::apply([&](auto... numbers) { (check_limits(numbers), ...); },
             std::tuple<char, signed char, unsigned char, short, unsigned short, int, unsigned, long, unsigned long,
                        long long, unsigned long long, float, double, wchar_t, char8_t, char16_t, char32_t>{});
  check_travels(std::numeric_limits<double>::infinity());
  check_travels(-0.0);
  check_travels(true);
  check_travels(false);
  check_travels(color::green);
  CHECK(round_trip(second) == second);
  check_travels(std::byte{200});
}

TEST_CASE("A NaN keeps its bits", "[wire]") {
  const double odd = std::bit_cast<double>(0x7ff8dead'beef0001u);
  CHECK(std::bit_cast<std::uint64_t>(round_trip(odd)) == 0x7ff8dead'beef0001u);
}

TEST_CASE("Every sequence of the standard library comes back as it was sent", "[wire]") {
  check_travels(std::string{});
  check_travels(std::string{"with a \0 inside", 15});
  check_travels(std::wstring{L"wide \u20ac"});
  check_travels(std::u16string{u"sixteen"});
  check_travels(std::vector<int>{});
  check_travels(std::vector<int>{1, -2, 3});
  check_travels(std::vector<std::byte>(300, std::byte{7}));
  check_travels(std::vector<bool>{true, false, true});
  check_travels(std::vector<flag>{{true}, {false}});
  check_travels(std::vector<color>{color::red, color::green});
  check_travels(std::vector<std::string>{"", "a", "bc"});
  check_travels(std::vector<std::vector<std::vector<int>>>{{}, {{1}, {2, 3}}, {{}}});
  check_travels(std::deque<int>{1, 2, 3});
  check_travels(std::list<std::string>{"x", "y"});
  check_travels(std::forward_list<int>{3, 2, 1});
  check_travels(std::array<int, 4>{1, 2, 3, 4});
  check_travels(std::array<std::string, 2>{"left", "right"});
  check_travels(std::array<bool, 3>{true, false, true});
  check_travels(std::array<int, 0>{});
  const std::valarray<double> numbers{1.5, 2.5};
  CHECK(encoded(round_trip(numbers)) == encoded(numbers));
}

TEST_CASE("Every set and map of the standard library comes back as it was sent", "[wire]") {
  check_travels(std::set<int>{3, 1, 2});
  check_travels(std::set<std::string, std::greater<>>{"a", "b"});
  check_travels(std::multiset<int>{1, 1, 2});
  check_travels(std::unordered_set<std::string>{"one", "two", "three"});
  check_travels(std::unordered_multiset<int>{5, 5});
  check_travels(std::map<int, std::string>{{1, "one"}, {2, "two"}});
  check_travels(std::map<std::string, std::map<std::string, int>>{{"a", {{"b", 1}}}, {"c", {}}});
  check_travels(std::multimap<int, int>{{1, 2}, {1, 3}});
  check_travels(std::unordered_map<std::string, std::vector<int>>{{"x", {1, 2}}, {"y", {}}});
  check_travels(std::unordered_multimap<int, int>{{7, 1}, {7, 2}});
}

TEST_CASE("The small templates of the standard library come back as they were sent", "[wire]") {
  check_travels(std::optional<int>{});
  check_travels(std::optional<int>{5});
  check_travels(std::optional<std::optional<std::string>>{std::optional<std::string>{}});
  check_travels(std::variant<int, std::string, std::monostate>{"text"});
  check_travels(std::variant<int, std::string, std::monostate>{std::monostate{}});
  check_travels(std::vector<std::variant<bool, std::vector<double>>>{true, std::vector<double>{1, 2}});
  check_travels(std::pair<int, std::string>{1, "one"});
  check_travels(std::tuple<>{});
  check_travels(std::tuple<int, std::string, std::pair<char, bool>>{1, "two", {'3', true}});
  check_travels(std::complex<float>{1, -1});
  check_travels(std::bitset<3>{"101"});
  check_travels(std::bitset<64>{0x8000000000000001});
  check_travels(std::bitset<70>{5});
  check_travels(std::chrono::nanoseconds{1500ms});
  check_travels(std::chrono::duration<double>{0.25});
  check_travels(std::chrono::system_clock::time_point{17s});
}

TEST_CASE("A large message is encoded on the heap and comes back", "[wire]") {
  std::map<std::string, std::vector<int>> index;
  for (int i = 0; i < 2000; ++i)
    index["word " + std::to_string(i)] = std::vector<int>(static_cast<std::size_t>(i % 20), i);
  CHECK(round_trip(index) == index);
}

TEST_CASE("Decoding into an object that holds something replaces all of it", "[wire]") {
  std::map<int, std::vector<std::string>> value{{1, {"old", "older", "oldest"}}, {5, {}}};
  troupe::wire::decode_into(encoded(std::map<int, std::vector<std::string>>{{1, {"new"}}}), value);
  CHECK(value == std::map<int, std::vector<std::string>>{{1, {"new"}}});

  std::vector<std::string> list{"a", "b", "c"};
  troupe::wire::decode_into(encoded(std::vector<std::string>{"z"}), list);
  CHECK(list == std::vector<std::string>{"z"});
}

TEST_CASE("A key that comes twice where keys are unique is malformed", "[wire]") {
  CHECK(is_malformed<std::set<char>>(bytes_of({2, 0, 0, 0, 'a', 'a'})));
  CHECK(is_malformed<std::unordered_map<char, char>>(bytes_of({2, 0, 0, 0, 'a', 1, 'a', 2})));
  CHECK_FALSE(is_malformed<std::multiset<char>>(bytes_of({2, 0, 0, 0, 'a', 'a'})));
}
