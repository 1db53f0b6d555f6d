#include "wire_test.hpp"

#include "troupe/any_value.hpp"

#include <cmath>
#include <limits>
#include <sstream>

using namespace troupe_test;
using troupe::any_value;
using troupe::none;

namespace {

any_value sample() {
  return any_value::list{none,
                         true,
                         42,
                         -1.5,
                         "text",
                         any_value::bytes{std::byte{0}, std::byte{255}},
                         any_value::dict{{"key", any_value::list{1, 2}}, {3, none}, {any_value::list{}, 4}}};
}

}  // namespace

TEST_CASE("An any_value takes values of all kinds and gives them back", "[wire]") {
  CHECK(any_value{}.is_none());
  CHECK(any_value{none}.is_none());
  CHECK(any_value{true}.as_bool());
  CHECK(any_value{42}.as_integer() == 42);
  CHECK(any_value{std::uint8_t{7}}.as_integer() == 7);
  CHECK(any_value{2.5F}.as_float() == 2.5);
  CHECK(any_value{"text"}.as_string() == "text");
  CHECK(any_value{std::string{"text"}}.as_string() == "text");
  CHECK(any_value{any_value::list{1, "two"}}.as_list().at(1).as_string() == "two");
  CHECK(any_value{any_value::dict{{"a", 1}}}.as_dict().at("a").as_integer() == 1);
  any_value changed = any_value::list{};
  changed.as_list().push_back(5);
  CHECK(changed == any_value::list{5});
}

TEST_CASE("An any_value of another kind than asked for says what it is", "[wire]") {
  const auto error = error_of([] { static_cast<void>(any_value{any_value::list{1, "a"}}.as_string()); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::type_mismatch);
  CHECK(std::string{error->what()} == "the value [1, 'a'] is a list, not a string");
}

TEST_CASE("An integer that does not fit an any_value is refused, not changed", "[wire]") {
  CHECK(any_value{std::numeric_limits<std::int64_t>::min()}.as_integer() == std::numeric_limits<std::int64_t>::min());
  CHECK(error_of([] { static_cast<void>(any_value{std::numeric_limits<std::uint64_t>::max()}); }));
}

TEST_CASE("An any_value prints as one reads it", "[wire]") {
  const auto text = [](const any_value& value) {
    std::ostringstream out;
    out << value;
    return out.str();
  };
  CHECK(text(any_value::list{42, none, "hello"}) == "[42, none, 'hello']");
  CHECK(text(any_value::list{}) == "[]");
  CHECK(text(any_value::dict{}) == "{}");
  CHECK(text(any_value::dict{{"a", any_value::dict{{1, true}}}, {"b", any_value::list{0.5}}})
        == "{'a': {1: true}, 'b': [0.5]}");
  CHECK(text(3.0) == "3.0");
  CHECK(text(1e100) == "1e+100");
  CHECK(text(0.1) == "0.1");
  CHECK(text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(text("it's\n\x01 \u20ac") == "'it\\'s\\n\\x01 \u20ac'");
  CHECK(text(any_value::bytes{std::byte{'a'}, std::byte{0xfe}}) == "b'a\\xfe'");
}

TEST_CASE("Values compare by kind first, then by content", "[wire]") {
  CHECK(any_value{1} == any_value{1});
  CHECK(any_value{1} != any_value{1.0});
  CHECK(any_value{1} != any_value{true});
  CHECK(any_value{1} < any_value{2});
  CHECK(any_value{9} < any_value{0.5});
  CHECK(any_value{any_value::list{1, 2}} < any_value{any_value::list{1, 3}});
  CHECK(any_value{any_value::list{1, 2}} < any_value{any_value::list{1, 2, 0}});
  CHECK(any_value{any_value::dict{{1, 2}}} < any_value{any_value::dict{{1, 3}}});
  const any_value nan = std::nan("");
  CHECK_FALSE(nan == nan);
  CHECK_FALSE(nan < any_value{1.0});
  CHECK((nan <=> any_value{1.0}) == std::partial_ordering::unordered);
}

TEST_CASE("Every value can be a key, even NaN", "[wire]") {
  any_value::dict dict;
  for (const any_value& key : {any_value{std::nan("")}, any_value{std::nan("")}, any_value{0.0}, any_value{-0.0},
                               any_value{none}, any_value{any_value::list{1}}, any_value{1}, any_value{true}})
    dict[key] = 1;
  CHECK(dict.size() == 7);
  CHECK(dict.count(std::nan("")) == 1);
}

TEST_CASE("An any_value travels", "[wire]") {
  check_travels(sample());
  check_travels(any_value{});
  CHECK(round_trip(std::vector<any_value>{sample(), 1}) == std::vector<any_value>{sample(), 1});
}

TEST_CASE("Lists in lists are followed 200 deep, in both directions, and no further", "[wire]") {
  any_value value = 1;
  for (int i = 0; i < 200; ++i) value = any_value::list{value};
  CHECK(round_trip(value) == value);
  for (int i = 0; i < 200; ++i) value = any_value::list{value};
  const auto error = error_of([&] { static_cast<void>(encoded(value)); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::invalid_argument);

  bytes endless;
  for (int i = 0; i < 100'000; ++i) {
    for (const unsigned byte : {0u, 6u, 1u, 0u, 0u, 0u}) endless.push_back(static_cast<std::byte>(byte));
  }
  CHECK(is_malformed<any_value>(endless));
}
