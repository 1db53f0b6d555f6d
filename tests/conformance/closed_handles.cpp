#include "transports.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

bool is_sentence(const std::string& text) { return std::count(text.begin(), text.end(), ' ') >= 3; }

template <class F>
void require_closed(F f) {
  CHECK(error_of(f) == errc::closed);
  CHECK(is_sentence(text_of(f)));
}

template <class Sender>
void require_closed_sender(Sender& out) {
  require_closed([&] { out.put(1); });
  require_closed([&] { (void)out.try_put(1); });
  require_closed([&] { (void)out.try_put_for(1, 1h); });
}

template <class Receiver>
void require_closed_receiver(Receiver& in) {
  require_closed([&] { (void)in.get(); });
  require_closed([&] { (void)in.try_get(); });
  require_closed([&] { (void)in.try_get_for(1h); });
  require_closed([&] { (void)wait({in}); });
}

}  // namespace

TEMPLATE_TEST_CASE("a closed handle says so, whatever it is used for", "[conformance]", EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  numbers.out.close();
  numbers.out.close();
  numbers.in.close();
  numbers.in.close();
  require_closed_sender(numbers.out);
  require_closed_receiver(numbers.in);
}

TEMPLATE_TEST_CASE("a handle that was moved away says so, and its new place works", "[conformance]", EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  auto out = std::move(numbers.out);
  auto in = std::move(numbers.in);
  require_closed_sender(numbers.out);  // NOLINT(bugprone-use-after-move): that is the test
  require_closed_receiver(numbers.in);
  out.put(1);
  CHECK(in.get() == 1);
  numbers.in = std::move(in);
  out.put(2);
  CHECK(numbers.in.get() == 2);
}

TEMPLATE_TEST_CASE("a closed handle cannot be given to a process", "[conformance]", EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  numbers.in.close();
  process p{[](typename TestType::template receiver<int>) {}, std::move(numbers.in)};
  require_closed([&] { p.start(); });
}

TEMPLATE_TEST_CASE("messages that have errors say what, who and why", "[conformance]", EVERY_TRANSPORT) {
  auto numbers = TestType::template make<int>();
  numbers.out.finish();
  CHECK(is_sentence(text_of([&] { (void)numbers.in.get(); })));
  auto others = TestType::template make<int>();
  others.in.abandon();
  CHECK(is_sentence(text_of([&] { others.out.put(1); })));
}
