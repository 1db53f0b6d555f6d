#include "transports.hpp"

#include <chrono>
#include <string>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

TEMPLATE_TEST_CASE("what was sent before the end arrives, then every way of receiving tells the end", "[conformance]",
                   EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  for (int i = 0; i < 50; ++i) numbers.out.put(i);
  numbers.out.finish();
  for (int i = 0; i < 50; ++i) REQUIRE(numbers.in.get() == i);
  for (int again = 0; again < 2; ++again) {
    CHECK(error_of([&] { (void)numbers.in.get(); }) == errc::end_of_stream);
    CHECK(error_of([&] { (void)numbers.in.try_get(); }) == errc::end_of_stream);
    CHECK(error_of([&] { (void)numbers.in.try_get_for(1h); }) == errc::end_of_stream);
  }
  CHECK(error_of([&] { numbers.out.put(1); }) == errc::closed);
}

TEMPLATE_TEST_CASE("what nobody will take is refused, in every way of sending", "[conformance]", EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  numbers.out.put(1);
  numbers.in.abandon();
  for (int again = 0; again < 2; ++again) {
    CHECK(error_of([&] { numbers.out.put(2); }) == TestType::abandoned);
    CHECK(error_of([&] { (void)numbers.out.try_put(2); }) == TestType::abandoned);
    CHECK(error_of([&] { (void)numbers.out.try_put_for(2, 1h); }) == TestType::abandoned);
  }
}

TEMPLATE_TEST_CASE("whoever waits for a message is woken by the end", "[conformance]", EVERY_TRANSPORT) {
  for (int round = 0; round < 30; ++round) {
    auto numbers = TestType::template make<int>();
    auto signs = TestType::template make<int>();
    typename TestType::partner partner{
        [](typename TestType::template receiver<int> in, typename TestType::template sender<int> out) {
          expect(in.get() == 1, "the only message");
          out.put(1);
          expect(error_of([&] { (void)in.get(); }) == errc::end_of_stream, "the end");
          return 0;
        },
        std::move(numbers.in), std::move(signs.out)};
    numbers.out.put(1);
    REQUIRE(signs.in.get() == 1);
    numbers.out.finish();
    REQUIRE(partner.join() == 0);
  }
}

TEMPLATE_TEST_CASE("whoever waits for room is woken when nobody will take anything any more", "[conformance]",
                   EVERY_TRANSPORT) {
  for (int round = 0; round < 30; ++round) {
    auto numbers = TestType::template make<int>();
    auto signs = TestType::template make<int>();
    typename TestType::partner partner{
        [](typename TestType::template sender<int> out, typename TestType::template sender<int> sign) {
          while (out.try_put(1)) {
          }
          sign.put(1);
          expect(error_of([&] {
                   for (;;) out.put(1);
                 }) == TestType::abandoned,
                 "that nobody will take it");
          return 0;
        },
        std::move(numbers.out), std::move(signs.out)};
    REQUIRE(signs.in.get() == 1);
    numbers.in.abandon();
    REQUIRE(partner.join() == 0);
  }
}

TEMPLATE_TEST_CASE("a large message half way when the receiver goes ends with an error", "[conformance]",
                   EVERY_TRANSPORT) {
  for (int round = 0; round < 10; ++round) {
    auto texts = TestType::template make<std::string>();
    typename TestType::partner partner{[](typename TestType::template sender<std::string> out) {
                                         const std::string large(3'000'000, 'x');
                                         expect(error_of([&] {
                                                  for (;;) out.put(large);
                                                }) == TestType::abandoned,
                                                "that nobody will take it");
                                         return 0;
                                       },
                                       std::move(texts.out)};
    REQUIRE(texts.in.get().size() == 3'000'000);
    texts.in.abandon();
    REQUIRE(partner.join() == 0);
  }
}

TEMPLATE_TEST_CASE("what was sent outlives its sender", "[conformance]", EVERY_TRANSPORT) {
  auto texts = TestType::template make<std::string>();
  typename TestType::partner partner{[](typename TestType::template sender<std::string> out) {
                                       for (int i = 0; i < 50; ++i) out.put(std::to_string(i));
                                       return 0;
                                     },
                                     std::move(texts.out)};
  REQUIRE(partner.join() == 0);
  for (int i = 0; i < 50; ++i) REQUIRE(texts.in.get() == std::to_string(i));
  if (TestType::ends_with_its_users)
    CHECK(error_of([&] { (void)texts.in.get(); }) == errc::end_of_stream);
  else
    CHECK_FALSE(texts.in.try_get());
}

TEMPLATE_TEST_CASE("a receiver that has ended is told to the sender of a pipe; a queue waits for the next",
                   "[conformance]", EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  numbers.out.put(1);
  typename TestType::partner partner{[](typename TestType::template receiver<int> in) { return in.get() - 1; },
                                     std::move(numbers.in)};
  REQUIRE(partner.join() == 0);
  if (TestType::ends_with_its_users)
    CHECK(error_of([&] { numbers.out.put(2); }) == errc::broken_pipe);
  else
    numbers.out.put(2);
}
