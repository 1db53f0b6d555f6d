#include "transports.hpp"

#include <array>
#include <chrono>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using indices = std::vector<std::size_t>;

}  // namespace

TEMPLATE_TEST_CASE("of several streams wait names those that a get would not block on", "[conformance]",
                   EVERY_TRANSPORT) {
  auto a = TestType::template make<int>();
  auto b = TestType::template make<int>();
  CHECK(try_wait({a.in, b.in}).empty());
  CHECK(try_wait_for({a.in, b.in}, 2ms).empty());
  b.out.put(1);
  CHECK(wait({a.in, b.in}) == indices{1});
  CHECK(wait({a.in, b.in}) == indices{1});  // it is still there
  a.out.put(1);
  CHECK(try_wait({a.in, b.in}) == indices{0, 1});
  CHECK(b.in.get() == 1);
  CHECK(try_wait({a.in, b.in}) == indices{0});
  CHECK(a.in.get() == 1);
  CHECK(try_wait({a.in, b.in}).empty());
  a.out.finish();
  CHECK(wait({a.in, b.in}) == indices{0});
}

TEMPLATE_TEST_CASE("a large message of which a part is there does not keep wait from others", "[conformance]",
                   EVERY_TRANSPORT) {
  auto texts = TestType::template make<std::string>();
  auto numbers = TestType::template make<int>();
  typename TestType::partner partner{[](typename TestType::template sender<std::string> out) {
                                       out.put(std::string(4'000'000, 'x'));
                                       return 0;
                                     },
                                     std::move(texts.out)};
  numbers.out.put(1);
  const indices ready = wait({texts.in, numbers.in});
  CHECK(ready.back() == 1);
  CHECK(wait({texts.in}) == indices{0});
  CHECK(texts.in.get().size() == 4'000'000);
  CHECK(partner.join() == 0);
}

TEMPLATE_TEST_CASE("whoever waits for several streams is woken by each message, and by each end", "[conformance]",
                   EVERY_TRANSPORT) {
  constexpr int rounds = 300;
  using sender = typename TestType::template sender<int>;
  std::array streams{TestType::template make<int>(), TestType::template make<int>(), TestType::template make<int>()};
  typename TestType::partner partner{[](sender first, sender second, sender third) {
                                       const std::array<sender*, 3> all{&first, &second, &third};
                                       for (int i = 0; i < rounds; ++i)
                                         all.at(static_cast<std::size_t>(i * i % 3))->put(i);
                                       for (sender* out : all) out->finish();
                                       return 0;
                                     },
                                     std::move(streams[0].out), std::move(streams[1].out), std::move(streams[2].out)};
  std::vector<std::size_t> open{0, 1, 2};
  std::array<int, 3> last{-1, -1, -1};
  int received = 0;
  while (!open.empty()) {
    std::vector<waitable> objects;
    for (const std::size_t i : open) objects.emplace_back(streams.at(i).in);
    const indices ready = wait(objects);
    REQUIRE_FALSE(ready.empty());
    std::vector<std::size_t> still_open = open;
    for (const std::size_t r : ready) {
      const std::size_t i = open.at(r);
      const auto ended = error_of([&] {
        const auto message = streams.at(i).in.try_get();
        REQUIRE(message);  // nobody else takes any
        REQUIRE(*message > last.at(i));
        last.at(i) = *message;
        ++received;
      });
      if (!ended) continue;
      REQUIRE(ended == errc::end_of_stream);
      std::erase(still_open, i);
    }
    open = still_open;
  }
  CHECK(received == rounds);
  CHECK(partner.join() == 0);
}
