#include "troupe/runtime/body.hpp"

#include "support/catch.hpp"

#include <array>
#include <memory>
#include <string>

using troupe::runtime::body;

TEST_CASE("a small value is carried in place and comes out as it went in", "[runtime]") {
  body first = body::of(std::string{"hello"});
  body second = std::move(first);
  CHECK_FALSE(first);
  REQUIRE(second);
  CHECK(second.as<std::string>() == "hello");
}

TEST_CASE("a value too large for the room is carried on the heap", "[runtime]") {
  using large = std::array<int, 100>;
  static_assert(sizeof(large) > body::room);
  large numbers{};
  numbers[99] = 7;
  body holder;
  holder = body::of(numbers);
  body other = std::move(holder);
  CHECK(other.as<large>()[99] == 7);
}

TEST_CASE("a carried value is destroyed exactly once", "[runtime]") {
  const auto watched = std::make_shared<int>(1);
  {
    body first = body::of(watched);
    CHECK(watched.use_count() == 2);
    body second = std::move(first);
    CHECK(watched.use_count() == 2);
    second = body::of(3);
    CHECK(watched.use_count() == 1);
    CHECK(second.as<int>() == 3);
  }
  struct large {
    std::shared_ptr<int> held;
    std::byte more[200];
  };
  {
    body first = body::of(large{watched, {}});
    CHECK(watched.use_count() == 2);
    first.reset();
    CHECK(watched.use_count() == 1);
    CHECK_FALSE(first);
  }
  CHECK(watched.use_count() == 1);
}

TEST_CASE("a value that only moves can be carried", "[runtime]") {
  body holder = body::of(std::make_unique<int>(5));
  body other = std::move(holder);
  const auto taken = std::move(other.as<std::unique_ptr<int>>());
  CHECK(*taken == 5);
}

TEST_CASE("bytes in wire format keep that mark when moved", "[runtime]") {
  body first = body::encoded(std::string{"bytes"});
  body second = std::move(first);
  CHECK(second.is_encoded());
  second.reset();
  CHECK_FALSE(second.is_encoded());
}
