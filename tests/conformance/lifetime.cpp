#include "support/footprint.hpp"
#include "transports.hpp"

#include <string>

using namespace troupe;
using namespace troupe::test;

namespace {

template <class TestType>
void use_and_drop() {
  auto texts = TestType::template make<std::string>();
  auto unused = TestType::template make<std::string>();
  typename TestType::partner partner{
      [](typename TestType::template sender<std::string> out, typename TestType::template sender<std::string>) {
        out.put(std::string(1'000'000, 'x'));
        out.put("never taken");
        return 0;
      },
      std::move(texts.out), std::move(unused.out)};
  REQUIRE(texts.in.get().size() == 1'000'000);
  REQUIRE(partner.join() == 0);
}

}  // namespace

TEMPLATE_TEST_CASE("streams and partners that are gone leave nothing behind", "[conformance]", EVERY_TRANSPORT) {
  use_and_drop<TestType>();
  const footprint before = footprint::now();
  for (int i = 0; i < 30; ++i) use_and_drop<TestType>();
  const footprint after = footprint::settled_within(before);
  INFO("before there were " << before << ", afterwards there are " << after);
  CHECK(after.is_within(before));
}
