#include "support/proven_item.hpp"
#include "transports.hpp"

#include <cstdint>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::size_t KiB = 1024;

/// Bytes of which no part equals another; the messages are its beginnings.
const std::string& text() {
  static const std::string bytes = proven_item::make(1, 1, 5 * KiB * KiB).payload;
  return bytes;
}

/// Sizes around all at which a pipe or a queue does something else: what surrounds a message takes up to 40 bytes.
std::vector<std::size_t> telling_sizes() {
  std::vector<std::size_t> sizes;
  for (const std::size_t edge : {40 * 1UL, KiB, 4 * KiB, 32 * KiB, 64 * KiB, 128 * KiB, 256 * KiB, 512 * KiB})
    for (std::size_t size = edge - 40; size <= edge + 9; ++size) sizes.push_back(size);
  for (const std::size_t edge : {1024 * KiB, 4096 * KiB})
    for (std::size_t size = edge - 40; size <= edge + 8; size += 8) sizes.push_back(size);
  return sizes;
}

}  // namespace

TEMPLATE_TEST_CASE("messages arrive in the order in which they were sent", "[conformance]", EVERY_TRANSPORT) {
  constexpr int count = 20'000;
  auto numbers = TestType::template make<int>();
  typename TestType::partner partner{[](typename TestType::template sender<int> out) {
                                       for (int i = 0; i < count; ++i) out.put(i);
                                       return 0;
                                     },
                                     std::move(numbers.out)};
  for (int i = 0; i < count; ++i) REQUIRE(numbers.in.get() == i);
  CHECK(partner.join() == 0);
}

TEMPLATE_TEST_CASE("messages of every size arrive whole, there and back", "[conformance]", EVERY_TRANSPORT) {
  auto there = TestType::template make<std::string>();
  auto back = TestType::template make<std::string>();
  typename TestType::partner partner{
      [](typename TestType::template receiver<std::string> in, typename TestType::template sender<std::string> out) {
        for (const std::size_t size : telling_sizes()) {
          const std::string message = in.get();
          expect(message.size() == size, "the next size");
          out.put(message);
        }
        return 0;
      },
      std::move(there.in), std::move(back.out)};
  for (const std::size_t size : telling_sizes()) {
    there.out.put(text().substr(0, size));
    const std::string message = back.in.get();
    REQUIRE(message.size() == size);
    const bool same = text().compare(0, size, message) == 0;
    REQUIRE(same);
  }
  CHECK(partner.join() == 0);
}

TEMPLATE_TEST_CASE("large and small messages in a row keep their order and their bytes", "[conformance]",
                   EVERY_TRANSPORT) {
  constexpr std::uint64_t count = 1'000;
  auto items = TestType::template make<proven_item>();
  typename TestType::partner partner{[](typename TestType::template sender<proven_item> out) {
                                       for (std::uint64_t i = 0; i < count; ++i)
                                         out.put(proven_item::make(7, i, mixed(i) % (i % 8 == 0 ? 400'000 : 300)));
                                       return 0;
                                     },
                                     std::move(items.out)};
  for (std::uint64_t i = 0; i < count; ++i) {
    const proven_item item = items.in.get();
    REQUIRE(item.sequence == i);
    REQUIRE(item.is_whole());
  }
  CHECK(partner.join() == 0);
}

TEMPLATE_TEST_CASE("later changes of an object that was sent are not seen", "[conformance]", EVERY_TRANSPORT) {
  auto words = TestType::template make<std::string>();
  std::string word = "before";
  words.out.put(word);
  word = "after";
  words.out.put(word);
  typename TestType::partner partner{[](typename TestType::template receiver<std::string> in) {
                                       expect(in.get() == "before", "as it was sent");
                                       expect(in.get() == "after", "as it was sent");
                                       return 0;
                                     },
                                     std::move(words.in)};
  CHECK(partner.join() == 0);
}
