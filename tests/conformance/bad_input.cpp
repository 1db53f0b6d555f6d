#include "transports.hpp"

#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Whose loading code does not like negative numbers, and whose saving code no large ones.
class picky {
 public:
  explicit picky(int value = 0, std::size_t ballast = 0) : value_{value}, ballast_(ballast, 'b') {}
  [[nodiscard]] int value() const noexcept { return value_; }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & ballast_ & value_;
    if (Archive::is_loading::value && value_ < 0) throw std::runtime_error{"a negative number"};
    if (Archive::is_saving::value && value_ > 100) throw std::runtime_error{"a large number"};
  }

 private:
  int value_;
  std::string ballast_;
};

/// Leaves a part of itself in the message.
struct forgetful {
  int value = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & value;
    if (Archive::is_saving::value && value < 0) archive & value;
  }
};

constexpr std::size_t small = 0;
constexpr std::size_t large = 1'000'000;

}  // namespace

TEMPLATE_TEST_CASE("a message that cannot be loaded is an error of its own; those after it arrive", "[conformance]",
                   EVERY_TRANSPORT) {
  for (const std::size_t ballast : {small, large}) {
    auto items = TestType::template make<picky>();
    typename TestType::partner partner{[](typename TestType::template sender<picky> out, std::size_t size) {
                                         for (const int value : {1, -2, 3, -4, 5}) out.put(picky{value, size});
                                         return 0;
                                       },
                                       std::move(items.out), ballast};
    CHECK(items.in.get().value() == 1);
    CHECK(error_of([&] { (void)items.in.get(); }) == errc::malformed);
    CHECK(items.in.get().value() == 3);
    CHECK_THAT(text_of([&] { (void)items.in.get(); }), contains("a negative number"));
    CHECK(items.in.get().value() == 5);
    CHECK(partner.join() == 0);
  }
}

TEMPLATE_TEST_CASE("a message that is longer than its type is an error of its own; those after it arrive",
                   "[conformance]", EVERY_TRANSPORT) {
  auto items = TestType::template make<forgetful>();
  for (const int value : {1, -2, 3}) items.out.put({value});
  CHECK(items.in.get().value == 1);
  CHECK(error_of([&] { (void)items.in.get(); }) == errc::malformed);
  CHECK(items.in.get().value == 3);
}

TEMPLATE_TEST_CASE("what cannot be saved throws where it was sent, and nothing of it arrives", "[conformance]",
                   EVERY_TRANSPORT) {
  for (const std::size_t ballast : {small, large}) {
    auto items = TestType::template make<picky>();
    typename TestType::partner partner{[](typename TestType::template receiver<picky> in) {
                                         for (const int value : {1, 2, 3})
                                           expect(in.get().value() == value, "the next that could be saved");
                                         expect(error_of([&] { (void)in.get(); }) == errc::end_of_stream, "the end");
                                         return 0;
                                       },
                                       std::move(items.in)};
    items.out.put(picky{1, ballast});
    CHECK_THROWS_WITH(items.out.put(picky{101, ballast}), "a large number");
    items.out.put(picky{2, ballast});
    CHECK_THROWS_WITH((void)items.out.try_put(picky{102, ballast}), "a large number");
    items.out.put(picky{3, ballast});
    items.out.finish();
    CHECK(partner.join() == 0);
  }
}

TEMPLATE_TEST_CASE("what is asked for as another type is an error that names both, and the stream goes on",
                   "[conformance]", EVERY_TRANSPORT) {
  auto texts = TestType::template make<std::string>();
  texts.out.put("text");
  const auto ask_for_numbers = [&] { texts.in.template get_as<std::vector<int>>(); };
  CHECK(error_of(ask_for_numbers) == errc::type_mismatch);
  CHECK_THAT(text_of(ask_for_numbers), contains("string") && contains("vector"));
  CHECK(texts.in.get() == "text");
  texts.out.put("more");
  CHECK(texts.in.get() == "more");
}
