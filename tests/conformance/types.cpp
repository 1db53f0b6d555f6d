#include "transports.hpp"

#include <array>
#include <boost/serialization/access.hpp>
#include <boost/serialization/split_member.hpp>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

enum class colour : std::uint8_t { red, green };

struct point {
  double x = 0;
  double y = 0;
  bool operator==(const point&) const = default;
};

struct drawing {
  std::string title;
  colour background = colour::red;
  std::vector<std::pair<std::string, point>> marks;
  std::map<int, std::optional<point>> pins;
  std::variant<int, std::string, point> legend;
  bool operator==(const drawing&) const = default;
};

/// Written for Boost.Serialization, without a thought of troupe.
class account {
 public:
  account() = default;
  account(std::string owner, long cents) : owner_{std::move(owner)}, cents_{cents} {}
  bool operator==(const account&) const = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void save(Archive& archive, const unsigned) const {
    const std::string cents = std::to_string(cents_);
    archive << owner_ << cents;
  }
  template <class Archive>
  void load(Archive& archive, const unsigned) {
    std::string cents;
    archive >> owner_ >> cents;
    cents_ = std::stol(cents);
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()

  std::string owner_;
  long cents_ = 0;
};

/// Whether a partner that gets the values sends the same back.
template <class TestType, class T>
bool come_back(const std::vector<T>& values) {
  auto there = TestType::template make<T>();
  auto back = TestType::template make<T>();
  typename TestType::partner partner{
      [](typename TestType::template receiver<T> in, typename TestType::template sender<T> out, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) out.put(in.get());
        return 0;
      },
      std::move(there.in), std::move(back.out), values.size()};
  bool same = true;
  for (const T& value : values) {
    there.out.put(value);
    same = back.in.get() == value && same;
  }
  return partner.join() == 0 && same;
}

}  // namespace

TEMPLATE_TEST_CASE("values of all kinds of types arrive as they were", "[conformance]", EVERY_TRANSPORT) {
  SECTION("numbers and the like") {
    CHECK(come_back<TestType, bool>({true, false}));
    CHECK(come_back<TestType, char>({'a', '\0', '\xff'}));
    CHECK(come_back<TestType, std::int64_t>({0, -1, std::numeric_limits<std::int64_t>::min()}));
    CHECK(come_back<TestType, double>({0.1, std::numeric_limits<double>::infinity()}));
    CHECK(come_back<TestType, colour>({colour::red, colour::green}));
  }
  SECTION("strings and containers") {
    CHECK(come_back<TestType, std::string>({"", "text", std::string(3, '\0'), std::string(100'000, 'x')}));
    CHECK(come_back<TestType, std::vector<int>>({{}, {1}, std::vector<int>(100'000, 7)}));
    CHECK(come_back<TestType, std::vector<std::string>>({{}, {"", "a", std::string(5000, 'b')}}));
    CHECK(come_back<TestType, std::map<std::string, std::vector<int>>>({{}, {{"one", {1}}, {"none", {}}}}));
    CHECK(come_back<TestType, std::array<std::uint16_t, 3>>({{1, 2, 3}}));
    CHECK(come_back<TestType, std::deque<std::set<char>>>({{}, {{'a', 'b'}, {}}}));
  }
  SECTION("what may hold this or that") {
    CHECK(come_back<TestType, std::optional<std::string>>({std::nullopt, "", "text"}));
    CHECK(come_back<TestType, std::variant<int, std::string>>({1, "one"}));
    CHECK(come_back<TestType, std::tuple<int, std::string, point>>({{1, "one", {1, 1}}}));
  }
  SECTION("structs in structs") {
    CHECK(come_back<TestType, point>({{}, {1.5, -2}}));
    CHECK(
        come_back<TestType, drawing>({{}, {"map", colour::green, {{"home", {1, 2}}}, {{3, point{}}, {4, {}}}, "all"}}));
  }
  SECTION("a class that Boost.Serialization knows") {
    CHECK(come_back<TestType, account>({{}, {"Ada", -5}}));
    CHECK(come_back<TestType, std::vector<account>>({{{"Ada", 1}, {"Bob", 2}}}));
  }
}
