// Handles inside of messages.
#include "transports.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

struct parcel {
  std::string label;
  connection line;
};

struct letter {
  std::string text;
  queue<int> answers{wire::blank_t{}};
  std::vector<queue<int>> others;
};

}  // namespace

TEMPLATE_TEST_CASE("a pipe's end in a message moves with it, and back", "[conformance]", CARRIERS_OF_HANDLES) {
  for (const std::size_t size : {10UL, 1'000'000UL}) {
    auto there = TestType::template make<parcel>();
    auto back = TestType::template make<parcel>();
    typename TestType::partner partner{
        [](typename TestType::template receiver<parcel> in, typename TestType::template sender<parcel> out) {
          parcel mine = in.get();
          expect(mine.line.template recv<int>() == 1, "what was sent before the end moved");
          mine.line.send(2);
          out.put(mine);
          expect(!mine.line.is_open(), "an end that moved is closed where it was");
          return 0;
        },
        std::move(there.in), std::move(back.out)};
    auto [near, far] = pipe();
    near.send(1);
    parcel sent{std::string(size, 'p'), std::move(far)};
    there.out.put(sent);
    CHECK_FALSE(sent.line.is_open());
    CHECK(near.template recv<int>() == 2);
    parcel again = back.in.get();
    CHECK(again.label == sent.label);
    CHECK(partner.join() == 0);
    again.line.send(3);
    CHECK(near.template recv<int>() == 3);
    again.line.close();
    CHECK(error_of([&end = near] { (void)end.template recv<int>(); }) == errc::end_of_stream);
  }
}

TEMPLATE_TEST_CASE("queues in a message are shared with its receiver", "[conformance]", CARRIERS_OF_HANDLES) {
  auto letters = TestType::template make<letter>();
  typename TestType::partner partner{[](typename TestType::template receiver<letter> in) {
                                       letter mine = in.get();
                                       mine.answers.put(1);
                                       for (auto& other : mine.others) other.put(mine.answers.get() + 1);
                                       return 0;
                                     },
                                     std::move(letters.in)};
  letter sent{"please answer", queue<int>{}, {queue<int>{}, queue<int>{}}};
  sent.answers.put(10);
  sent.answers.put(20);
  letters.out.put(sent);
  CHECK(partner.join() == 0);
  CHECK(sent.answers.get() == 1);
  CHECK(sent.others[0].get() == 11);
  CHECK(sent.others[1].get() == 21);
}

TEMPLATE_TEST_CASE("a pipe's end in a message that nobody takes is closed with it", "[conformance]",
                   CARRIERS_OF_HANDLES) {
  auto parcels = TestType::template make<parcel>();
  auto [near, far] = pipe();
  parcel sent{"lost", std::move(far)};
  parcels.out.put(sent);
  parcels.in.abandon();
  parcels.in.close();
  parcels.out.close();
  CHECK(error_of([&end = near] { (void)end.template recv<int>(); }) == errc::end_of_stream);
}

TEMPLATE_TEST_CASE("a queue with leases refuses handles with a sentence, and goes on", "[conformance]",
                   leased_queue_between_threads, leased_queue_between_processes) {
  auto letters = TestType::template make<letter>();
  const auto put_one = [&] { letters.out.put({"please answer", queue<int>{}, {}}); };
  CHECK(error_of(put_one) == errc::invalid_argument);
  CHECK_THAT(text_of(put_one), contains("leases"));
  CHECK_FALSE(letters.in.try_get());
}
