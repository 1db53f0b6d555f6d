#include "transports.hpp"

#include <chrono>
#include <string>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using clock_type = std::chrono::steady_clock;

/// Puts 0, 1, ... until there is no room; returns how many there are.
template <class Sender>
int fill(Sender& out) {
  int count = 0;
  while (out.try_put(count)) ++count;
  return count;
}

}  // namespace

TEMPLATE_TEST_CASE("an empty stream gives nothing, at once or when the limit has passed", "[conformance]",
                   EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  CHECK_FALSE(numbers.in.try_get());
  CHECK_FALSE(numbers.in.try_get_for(0ms));
  CHECK_FALSE(numbers.in.try_get_for(-1h));
  const auto start = clock_type::now();
  CHECK_FALSE(numbers.in.try_get_for(5ms));
  CHECK(clock_type::now() - start >= 5ms);
  numbers.out.put(1);
  CHECK(numbers.in.try_get() == 1);
  numbers.out.put(2);
  CHECK(numbers.in.try_get_for(0ms) == 2);
  CHECK_FALSE(numbers.in.try_get());
}

TEMPLATE_TEST_CASE("a full stream takes nothing, at once or when the limit has passed", "[conformance]",
                   EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  const int count = fill(numbers.out);
  REQUIRE(count > 0);
  CHECK_FALSE(numbers.out.try_put_for(count, 0ms));
  CHECK_FALSE(numbers.out.try_put_for(count, -1h));
  const auto start = clock_type::now();
  CHECK_FALSE(numbers.out.try_put_for(count, 5ms));
  CHECK(clock_type::now() - start >= 5ms);
  for (int i = 0; i < count; ++i) REQUIRE(numbers.in.get() == i);
  CHECK_FALSE(numbers.in.try_get());  // what did not go in does not come out
  CHECK(numbers.out.try_put(7));
  CHECK(numbers.in.try_get() == 7);
}

TEMPLATE_TEST_CASE("whoever waits for a message is woken by it", "[conformance]", EVERY_TRANSPORT) {
  constexpr int rounds = 1'000;
  auto there = TestType::template make<int>();
  auto back = TestType::template make<int>();
  typename TestType::partner partner{
      [](typename TestType::template receiver<int> in, typename TestType::template sender<int> out) {
        for (int i = 0; i < rounds; ++i) {
          expect(in.get() == i, "the next number");
          out.put(i);
        }
        return 0;
      },
      std::move(there.in), std::move(back.out)};
  for (int i = 0; i < rounds; ++i) {
    there.out.put(i);
    REQUIRE(back.in.try_get_for(1h) == i);
  }
  CHECK(partner.join() == 0);
}

TEMPLATE_TEST_CASE("whoever waits for room is woken by it", "[conformance]", EVERY_TRANSPORT) {
  constexpr int more = 20'000;
  auto numbers = TestType::template make<int>();
  const int count = fill(numbers.out);
  typename TestType::partner partner{[](typename TestType::template receiver<int> in, int all) {
                                       for (int i = 0; i < all; ++i) expect(in.get() == i, "the next number");
                                       return 0;
                                     },
                                     std::move(numbers.in), count + more};
  for (int i = count; i < count + more; ++i) {
    if (i % 2 == 0)
      numbers.out.put(i);
    else
      REQUIRE(numbers.out.try_put_for(i, 1h));
  }
  CHECK(partner.join() == 0);
}
