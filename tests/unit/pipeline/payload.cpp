#include "troupe/pipeline/payload.hpp"
#include "support/catch.hpp"
#include "troupe/base/error.hpp"

#include <string>

using namespace troupe;
using pipeline::payload;

TEST_CASE("a live payload gives its very value back, not a copy") {
  const std::string text(1000, 'x');
  std::string original = text;
  const char* where = original.data();
  payload one = payload::of(std::move(original));
  payload shared = one;
  const auto back = shared.take<std::string>();
  CHECK(back == text);
  CHECK(back.data() == where);
}

TEST_CASE("a frozen payload can be taken again and again") {
  payload one = payload::of(std::vector<int>{1, 2, 3});
  one.freeze();
  CHECK(one.take<std::vector<int>>() == std::vector<int>{1, 2, 3});
  CHECK(one.take<std::vector<int>>() == std::vector<int>{1, 2, 3});
}

TEST_CASE("a payload crosses as bytes, an empty one as empty") {
  const auto sent = wire::encode(payload::of(std::string{"hello"}));
  auto arrived = wire::decode<payload>(sent.span());
  REQUIRE(arrived);
  CHECK(arrived.take<std::string>() == "hello");
  CHECK_FALSE(wire::decode<payload>(wire::encode(payload{}).span()));
}

TEST_CASE("bytes that are no value of the type are malformed") {
  const auto sent = wire::encode(payload::of(std::string{"hello"}));
  auto arrived = wire::decode<payload>(sent.span());
  CHECK_THROWS_AS(arrived.take<std::vector<std::string>>(), error);
}
