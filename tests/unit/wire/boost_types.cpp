#include "wire_test.hpp"

#include <boost/make_shared.hpp>
#include <boost/optional/optional_io.hpp>
#include <boost/serialization/array.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/binary_object.hpp>
#include <boost/serialization/boost_unordered_map.hpp>
#include <boost/serialization/boost_unordered_set.hpp>
#include <boost/serialization/deque.hpp>
#include <boost/serialization/list.hpp>
#include <boost/serialization/map.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/queue.hpp>
#include <boost/serialization/set.hpp>
#include <boost/serialization/shared_ptr.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/stack.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/unique_ptr.hpp>
#include <boost/serialization/unordered_map.hpp>
#include <boost/serialization/utility.hpp>
#include <boost/serialization/variant.hpp>
#include <boost/serialization/vector.hpp>
#include <boost/serialization/version.hpp>
#include <boost/serialization/weak_ptr.hpp>
#include <cstdint>

// Boost wants to have seen the container before the adaptor.
#include <boost/serialization/priority_queue.hpp>

using namespace troupe_test;

// Types as they are written for Boost.Serialization, without a thought of troupe, and with all of Boost's own headers
// for the standard library in sight.

namespace boost_types {

class with_private_member {
 public:
  with_private_member() = default;
  with_private_member(int a, std::string b) : a_{a}, b_{std::move(b)} {}
  bool operator==(const with_private_member&) const = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & a_ & b_;
  }
  int a_ = 0;
  std::string b_;
};

class with_split_member {
 public:
  with_split_member() = default;
  explicit with_split_member(int value) : value_{value} {}
  bool operator==(const with_split_member&) const = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void save(Archive& ar, const unsigned int) const {
    const std::string text = std::to_string(value_);
    ar << text;
  }
  template <class Archive>
  void load(Archive& ar, const unsigned int) {
    std::string text;
    ar >> text;
    value_ = std::stoi(text);
  }
  BOOST_SERIALIZATION_SPLIT_MEMBER()
  int value_ = 0;
};

struct with_free_function {
  int a;
  double b;
  bool operator==(const with_free_function&) const = default;
};
template <class Archive>
void serialize(Archive& ar, with_free_function& value, const unsigned int) {
  // Only one of the two members: proves that this function is used and not the fields.
  ar& boost::serialization::make_nvp("a", value.a);
  value.b = 0.5;
}

struct with_split_free {
  int a;
  bool operator==(const with_split_free&) const = default;
};

template <class T>
struct with_free_template {
  T value;
  bool operator==(const with_free_template&) const = default;
};

struct base {
  int in_base = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar& BOOST_SERIALIZATION_NVP(in_base);
  }
};
struct derived : base {
  int in_derived = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar& BOOST_SERIALIZATION_BASE_OBJECT_NVP(base);
    ar& BOOST_SERIALIZATION_NVP(in_derived);
  }
};

struct with_arrays {
  std::int16_t numbers[3] = {};
  std::uint32_t count = 0;
  double elements[4] = {};
  char raw[5] = {};
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & numbers & count;
    if (count > 4) throw std::out_of_range{"count"};
    ar& boost::serialization::make_array(elements, count);
    ar& boost::serialization::make_nvp("raw", boost::serialization::make_binary_object(raw, sizeof raw));
  }
};

enum class shade { dark, light };

struct with_everything {
  std::vector<bool> bits;
  std::list<std::string> list;
  std::map<std::string, std::vector<int>> map;
  std::unordered_map<int, std::string> unordered;
  std::pair<int, std::set<int>> pair;
  std::deque<double> deque;
  shade color = shade::dark;
  bool operator==(const with_everything&) const = default;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & bits & list & map & unordered & pair & deque & color;
  }
};

struct versioned {
  int old_field = 0;
  int new_field = -1;
  unsigned seen = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int version) {
    seen = version;
    ar & old_field;
    if (version >= 2) ar & new_field;
  }
};

class without_default {
 public:
  explicit without_default(int key) : key_{key} {}
  [[nodiscard]] int key() const { return key_; }
  int value = 0;
  bool operator==(const without_default&) const = default;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & value;
  }
  int key_;
};
template <class Archive>
void save_construct_data(Archive& ar, const without_default* object, const unsigned int) {
  const int key = object->key();
  ar << key;
}
template <class Archive>
void load_construct_data(Archive& ar, without_default* object, const unsigned int) {
  int key = 0;
  ar >> key;
  ::new (object) without_default{key};
}

struct expression {
  boost::variant<int, boost::recursive_wrapper<std::vector<expression>>> value;
  bool operator==(const expression&) const = default;
};

// What a stock archive may be asked.
struct curious {
  int helped = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    struct helper {
      int uses = 0;
    };
    static char id;
    helped = ++ar.template get_helper<helper>(&id).uses;
    ar.register_type(static_cast<base*>(nullptr));
    ar.template register_type<base>();
    if constexpr (Archive::is_loading::value) ar.reset_object_address(this, this);
    CHECK(boost::serialization::library_version_type(10) < ar.get_library_version());
  }
};

}  // namespace boost_types

using namespace boost_types;

namespace boost::serialization {

template <class Archive>
void save(Archive& ar, const with_split_free& value, const unsigned int) {
  const int twice = 2 * value.a;
  ar << twice;
}
template <class Archive>
void load(Archive& ar, with_split_free& value, const unsigned int) {
  int twice = 0;
  ar >> twice;
  value.a = twice / 2;
}
template <class Archive, class T>
void serialize(Archive& ar, with_free_template<T>& value, const unsigned int) {
  ar & value.value;
}

}  // namespace boost::serialization

BOOST_SERIALIZATION_SPLIT_FREE(boost_types::with_split_free)
BOOST_CLASS_VERSION(boost_types::versioned, 2)

namespace wire = troupe::wire;

static_assert(wire::describes_itself<with_private_member> && wire::describes_itself<with_split_member>);
static_assert(wire::describes_itself<with_free_function> && wire::describes_itself<with_split_free>);
static_assert(wire::describes_itself<with_free_template<int>> && wire::describes_itself<derived>);

TEST_CASE("A class with a private serialize member travels", "[wire]") {
  check_travels(with_private_member{1, "one"});
  check_travels(std::vector<with_private_member>{{1, "one"}, {2, "two"}});
}

TEST_CASE("A class whose saving and loading differ travels", "[wire]") {
  CHECK(round_trip(with_split_member{42}) == with_split_member{42});
  check_travels(with_split_free{21});
  CHECK(encoded(with_split_free{21}) == bytes_of({0, 42, 0, 0, 0}));
}

TEST_CASE("What user code throws over malformed bytes arrives as malformed", "[wire]") {
  CHECK(is_malformed<with_split_member>(bytes_of({0, 1, 0, 0, 0, 'x'})));  // std::stoi throws
}

TEST_CASE("A class with a free serialize function travels by it, not by its fields", "[wire]") {
  CHECK(round_trip(with_free_function{1, 9.0}) == with_free_function{1, 0.5});
  check_travels(with_free_template<std::string>{"text"});
}

TEST_CASE("A derived class travels with its base", "[wire]") {
  derived value;
  value.in_base = 1;
  value.in_derived = 2;
  const derived arrived = round_trip(value);
  CHECK(arrived.in_base == 1);
  CHECK(arrived.in_derived == 2);
  check_travels(value);
}

TEST_CASE("Arrays, array wrappers and binary objects travel", "[wire]") {
  with_arrays value;
  std::copy_n("abcd", 5, value.raw);
  value.numbers[2] = 3;
  value.count = 2;
  value.elements[1] = 2.5;
  const with_arrays arrived = round_trip(value);
  CHECK(arrived.numbers[2] == 3);
  CHECK(arrived.elements[1] == 2.5);
  CHECK(std::string{arrived.raw} == "abcd");
  check_travels(value);
}

TEST_CASE("Members of standard types travel when Boost's own headers for them are included", "[wire]") {
  with_everything value;
  value.bits = {true, false};
  value.list = {"a", "b"};
  value.map = {{"x", {1, 2}}};
  value.unordered = {{1, "one"}};
  value.pair = {1, {2, 3}};
  value.deque = {0.5};
  value.color = shade::light;
  check_travels(value);
}

TEST_CASE("A class version reaches serialize, on saving the current and on loading the written one", "[wire]") {
  versioned value;
  value.old_field = 1;
  value.new_field = 2;
  const versioned arrived = round_trip(value);
  CHECK(arrived.seen == 2);
  CHECK(arrived.new_field == 2);

  const auto from_old = wire::decode<versioned>(bytes_of({1, 5, 0, 0, 0}));
  CHECK(from_old.seen == 1);
  CHECK(from_old.old_field == 5);
  CHECK(from_old.new_field == -1);
}

TEST_CASE("A class version from the future is malformed, not misread", "[wire]") {
  const auto error = refusal_of<versioned>(bytes_of({3, 5, 0, 0, 0, 6, 0, 0, 0}));
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::malformed);
  CHECK(says(*error, {"version 3"}));
}

TEST_CASE("A class without a default constructor travels by its construction data", "[wire]") {
  without_default value{5};
  value.value = 6;
  check_travels(std::vector<without_default>{value, without_default{7}});
  check_travels(std::optional<without_default>{value});
  check_travels(std::map<int, without_default>{{1, value}});
  check_travels(std::variant<int, without_default>{value});
  const auto arrived = round_trip(std::vector<without_default>{value});
  CHECK(arrived.at(0).key() == 5);

  const auto shared = round_trip(std::vector{std::make_shared<without_default>(value)});
  CHECK(*shared.at(0) == value);
}

TEST_CASE("Boost's own containers travel", "[wire]") {
  check_travels(boost::optional<std::string>{"text"});
  check_travels(boost::optional<int>{});
  check_travels(boost::variant<int, std::string>{"text"});
  CHECK(is_malformed<boost::variant<int, std::string>>(bytes_of({2, 0, 0, 0, 0})));
  CHECK(is_malformed<boost::variant<int, std::string>>(bytes_of({0, 0, 0, 0, 0x80, 0, 0, 0, 0})));
  check_travels(boost::unordered_map<int, std::string>{{1, "one"}, {2, "two"}});
  check_travels(boost::unordered_multimap<int, std::string>{{1, "one"}, {1, "another"}});
  check_travels(boost::unordered_set<std::string>{"one", "two"});
  check_travels(boost::unordered_multiset<int>{1, 1});
  boost::unordered_map<int, std::string> roomy{{1, "one"}};
  roomy.reserve(100'000);  // the buckets do not travel
  check_travels(roomy);
  check_travels(expression{std::vector<expression>{{1}, {std::vector<expression>{{2}, {3}}}}});
  std::stack<int> stack;
  stack.push(1);
  stack.push(2);
  check_travels(stack);
  std::queue<std::string> queue;
  queue.push("first");
  check_travels(queue);
  std::priority_queue<int> heap;
  heap.push(3);
  heap.push(1);
  CHECK(round_trip(heap).top() == 3);
  const auto shared = boost::make_shared<with_private_member>(1, "shared");
  const auto arrived = round_trip(std::vector{shared, shared});
  CHECK(*arrived.at(0) == *shared);
  CHECK(arrived.at(0) == arrived.at(1));
}

TEST_CASE("The rest of Boost's archive concept is there", "[wire]") {
  const auto arrived = round_trip(std::vector<curious>(3));
  CHECK(arrived.at(0).helped == 1);
  CHECK(arrived.at(2).helped == 3);  // one helper for one archive
}
