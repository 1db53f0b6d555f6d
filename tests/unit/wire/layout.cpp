#include "wire_test.hpp"

#include <bitset>
#include <boost/serialization/version.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <variant>

using namespace troupe_test;

// The bytes themselves: these must never change, other machines and other builds read them.

namespace layout {

struct mixed {
  std::int8_t small;
  std::int64_t large;
  bool yes;
  std::uint16_t two;
};
struct described {
  int x = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & x;
  }
};
enum class level : std::int16_t { low = -2 };

}  // namespace layout

BOOST_CLASS_VERSION(layout::described, 3)

using namespace layout;

TEST_CASE("Numbers are little-endian in the width of their type", "[wire]") {
  CHECK(encoded(std::int32_t{0x01020304}) == bytes_of({4, 3, 2, 1}));
  CHECK(encoded(1L) == bytes_of({1, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(encoded(std::size_t{2}) == bytes_of({2, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(encoded(1.0) == bytes_of({0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
  CHECK(encoded(true) == bytes_of({1}));
  CHECK(encoded(level::low) == bytes_of({0xfe, 0xff}));
}

TEST_CASE("Fields of an aggregate follow each other without padding", "[wire]") {
  CHECK(encoded(mixed{1, 2, true, 3}) == bytes_of({1, 2, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0}));
}

TEST_CASE("A block of numbers has the same bytes as number after number", "[wire]") {
  CHECK(encoded(std::vector<std::int16_t>{1, 2}) == bytes_of({2, 0, 0, 0, 1, 0, 2, 0}));
  CHECK(encoded(std::array<std::int16_t, 2>{1, 2}) == bytes_of({1, 0, 2, 0}));
  CHECK(encoded(std::vector<std::pair<std::int16_t, std::int16_t>>{{1, 2}}) == bytes_of({1, 0, 0, 0, 1, 0, 2, 0}));
}

TEST_CASE("Counts have four bytes, flags and alternatives one", "[wire]") {
  CHECK(encoded(std::string{"hi"}) == bytes_of({2, 0, 0, 0, 'h', 'i'}));
  CHECK(encoded(std::map<char, bool>{{'a', true}}) == bytes_of({1, 0, 0, 0, 'a', 1}));
  CHECK(encoded(std::optional<char>{}) == bytes_of({0}));
  CHECK(encoded(std::optional<char>{'x'}) == bytes_of({1, 'x'}));
  CHECK(encoded(std::variant<int, char>{'x'}) == bytes_of({1, 'x'}));
  CHECK(encoded(std::vector<bool>{true, false}) == bytes_of({2, 0, 0, 0, 1, 0}));
  CHECK(encoded(std::bitset<10>{0b10'00000101}) == bytes_of({0b101, 0b10}));
}

TEST_CASE("A class with a serialize is preceded by one byte of version", "[wire]") {
  CHECK(encoded(described{7}) == bytes_of({3, 7, 0, 0, 0}));
}

TEST_CASE("A pointer is the number of its object, whose content stands where it is first met", "[wire]") {
  CHECK(encoded(std::unique_ptr<char>{}) == bytes_of({0, 0, 0, 0}));
  const auto shared = std::make_shared<char>('s');
  CHECK(encoded(std::vector{shared, shared, std::make_shared<char>('t')})
        == bytes_of({3, 0, 0, 0, 1, 0, 0, 0, 's', 1, 0, 0, 0, 2, 0, 0, 0, 't'}));
}
