#include "troupe/actor/protocol.hpp"

#include "support/catch.hpp"

#include <string>

namespace {

struct one {
  int value = 0;
};
struct two {
  using reply = std::string;
};
struct three {};
struct first_api : troupe::protocol<one, two> {};
struct turned_api : troupe::protocol<two, one> {};
struct same_as_first_api : troupe::protocol<one, two> {};

using namespace troupe::actors;
static_assert(index_of<first_api, one> == 0 && index_of<first_api, two> == 1);
static_assert(is_member<first_api, two> && !is_member<first_api, three>);
static_assert(std::is_void_v<troupe::reply_of<one>> && std::is_same_v<troupe::reply_of<two>, std::string>);
static_assert(a_protocol<first_api> && !a_protocol<one>);

}  // namespace

TEST_CASE("a protocol's fingerprint depends on its messages and their order, not on its name", "[actor]") {
  CHECK(fingerprint_of<first_api>() == fingerprint_of<same_as_first_api>());
  CHECK(fingerprint_of<first_api>() != fingerprint_of<turned_api>());
}
