#include "support/proven_item.hpp"
#include "transports.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::uint32_t sending_threads = 3;
constexpr std::uint64_t sent_by_each = 3'000;

/// All items up to the end of the stream; nothing if one was torn.
template <class Receiver>
std::vector<proven_item> take_all(Receiver& in) {
  std::vector<proven_item> items;
  try {
    for (;;) {
      items.push_back(in.get());
      if (!items.back().is_whole()) return {};
      items.back().payload.clear();
    }
  } catch (const error& e) {
    if (e.code() != errc::end_of_stream) return {};
  }
  return items;
}

template <class Sender>
int send_in_threads(Sender out) {
  std::vector<std::thread> threads;
  for (std::uint32_t maker = 0; maker < sending_threads; ++maker)
    threads.emplace_back([&out, maker] {
      for (std::uint64_t i = 0; i < sent_by_each; ++i)
        out.put(proven_item::make(maker, i, i % 100 == 0 ? 200'000 : i % 500));
    });
  for (std::thread& t : threads) t.join();
  out.finish();
  return 0;
}

/// Whether the items of each maker are in the order in which it sent them.
bool in_order(const std::vector<proven_item>& items) {
  std::array<std::uint64_t, sending_threads> next{};
  for (const proven_item& item : items) {
    if (item.sequence < next.at(item.maker)) return false;
    next.at(item.maker) = item.sequence + 1;
  }
  return true;
}

}  // namespace

TEMPLATE_TEST_CASE("of several threads that send and several that receive each message is whole and taken once",
                   "[conformance]", EVERY_TRANSPORT) {
  auto items = TestType::template make<proven_item>();
  typename TestType::partner partner{&send_in_threads<typename TestType::template sender<proven_item>>,
                                     std::move(items.out)};
  std::array<std::vector<proven_item>, 2> taken;
  std::thread other{[&] { taken[1] = take_all(items.in); }};
  taken[0] = take_all(items.in);
  other.join();
  CHECK(partner.join() == 0);
  CHECK(in_order(taken[0]));
  CHECK(in_order(taken[1]));
  std::array<std::vector<std::uint64_t>, sending_threads> sequences;
  for (const auto& mine : taken)
    for (const proven_item& item : mine) sequences.at(item.maker).push_back(item.sequence);
  for (auto& sequence : sequences) {
    std::sort(sequence.begin(), sequence.end());
    REQUIRE(sequence.size() == sent_by_each);
    for (std::uint64_t i = 0; i < sent_by_each; ++i) REQUIRE(sequence[i] == i);
  }
}

TEMPLATE_TEST_CASE("a thread that waits with a limit gets it although others keep the stream busy", "[conformance]",
                   EVERY_TRANSPORT) {
  auto items = TestType::template make<proven_item>();
  auto empty = TestType::template make<int>();
  typename TestType::partner partner{&send_in_threads<typename TestType::template sender<proven_item>>,
                                     std::move(items.out)};
  std::vector<proven_item> taken;
  std::thread taker{[&] { taken = take_all(items.in); }};
  for (int i = 0; i < 20; ++i) CHECK_FALSE(empty.in.try_get_for(std::chrono::milliseconds{1}));
  taker.join();
  CHECK(partner.join() == 0);
  CHECK(taken.size() == sending_threads * sent_by_each);
  CHECK(in_order(taken));
}
