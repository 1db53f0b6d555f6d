#include "wire_test.hpp"

#include <boost/serialization/version.hpp>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>

using namespace troupe_test;
using troupe::wire::identity_of;
using troupe::wire::type_name;

namespace identity {

struct point {
  int x, y;
};
template <class T, class U = std::allocator<T>>
struct box {
  T content;
};
template <class T, std::size_t N>
struct fixed {
  T content[N];
};
enum class color { red };
struct outer {
  template <class T>
  struct inner {
    T content;
  };
};
struct tree {
  std::vector<tree> children;
};
struct other_tree {
  std::vector<std::vector<other_tree>> children;
};
struct versioned {
  template <class Archive>
  void serialize(Archive&, const unsigned int) {}
};
// Known because something asks for its identity, which no test does before looking it up by name.
struct asked_elsewhere {
  int a;
};
[[maybe_unused]] std::uint64_t ask() { return identity_of<asked_elsewhere>().hash; }

namespace before {
struct changed {
  int a;
};
}  // namespace before
namespace after {
struct changed {
  long a;
};
}  // namespace after

}  // namespace identity

using namespace identity;

BOOST_CLASS_VERSION(identity::versioned, 4)

TEST_CASE("A type has one name for all compilers and machines", "[wire]") {
  CHECK(type_name<int>() == "int32");
  CHECK(type_name<long>() == "int64");
  CHECK(type_name<long long>() == "int64");
  CHECK(type_name<unsigned char>() == "uint8");
  CHECK(type_name<std::size_t>() == "uint64");
  CHECK(type_name<double>() == "float64");
  CHECK(type_name<bool>() == "bool");
  CHECK(type_name<std::string>() == "string");
  CHECK(type_name<std::u32string>() == "basic_string<char32>");
  CHECK(type_name<std::vector<int>>() == "vector<int32>");
  CHECK(type_name<std::map<std::string, std::vector<unsigned long>>>() == "map<string,vector<uint64>>");
  CHECK(type_name<std::set<int, std::greater<int>>>() == "set<int32,greater<int32>>");
  CHECK(type_name<std::array<std::optional<float>, 3>>() == "array<optional<float32>,3>");
  CHECK(type_name<std::shared_ptr<point>>() == "shared_ptr<identity::point>");
  CHECK(type_name<std::unique_ptr<point>>() == "unique_ptr<identity::point>");
  CHECK(type_name<std::chrono::milliseconds>() == "duration<int64,1/1000>");
  CHECK(type_name<std::chrono::system_clock::time_point>()
        == "chrono::time_point<chrono::system_clock,duration<int64,1/1000000000>>");
  CHECK(type_name<point>() == "identity::point");
  CHECK(type_name<color>() == "identity::color");
  CHECK(type_name<box<unsigned>>() == "identity::box<uint32>");
  CHECK(type_name<box<long, char>>() == "identity::box<int64,char>");
  CHECK(type_name<fixed<unsigned long, 3>>() == "identity::fixed<uint64,3>");
  CHECK(type_name<outer::inner<box<int>>>() == "identity::outer::inner<identity::box<int32>>");
  CHECK(type_name<int[3]>() == "int32[3]");
}

TEST_CASE("Letters beyond ASCII belong to a name", "[wire]") {
  CHECK(troupe::wire::unified_name("Größe_int") == "Größe_int");
  CHECK(troupe::wire::unified_name("üint") == "üint");
  CHECK(troupe::wire::unified_name("üstd::x") == "üstd::x");
}

TEST_CASE("The identity of a type is the same in every build", "[wire]") {
  // Written down once; the two compilers of the project must agree, and so must all later versions.
  CHECK(identity_of<int>().hash == 0xb83cb51c2414ea14);
  CHECK(identity_of<std::map<std::string, std::vector<point>>>().hash == 0xc8d22560e20d5bd5);
  CHECK(identity_of<tree>().hash == 0xfe5112b556d40ed1);
  CHECK(identity_of<versioned>().hash == 0xeddcb21640433aef);
}

TEST_CASE("Types of other shape have another identity", "[wire]") {
  const std::vector<std::uint64_t> hashes{
      identity_of<int>().hash,          identity_of<unsigned>().hash,         identity_of<float>().hash,
      identity_of<point>().hash,        identity_of<std::vector<int>>().hash, identity_of<std::deque<int>>().hash,
      identity_of<box<int>>().hash,     identity_of<box<long>>().hash,        identity_of<tree>().hash,
      identity_of<other_tree>().hash,   identity_of<int[2]>().hash,           identity_of<int[3]>().hash,
      identity_of<fixed<int, 2>>().hash};
  const std::set<std::uint64_t> different(hashes.begin(), hashes.end());
  CHECK(different.size() == hashes.size());
}

TEST_CASE("A change of a field changes the identity of everything that holds it", "[wire]") {
  troupe::wire::shape before;
  troupe::wire::shape after;
  before.mix("changed(");
  after.mix("changed(");
  troupe::wire::codec<identity::before::changed>::describe(before);
  troupe::wire::codec<identity::after::changed>::describe(after);
  CHECK(before.hash() != after.hash());
}

TEST_CASE("A hash is named if the program knows the type, and is given as it is otherwise", "[wire]") {
  CHECK(troupe::wire::name_of_type(identity_of<point>().hash) == "identity::point");
  CHECK(troupe::wire::name_of_type(0xabc) == "an unknown type (hash 0xabc)");
}

TEST_CASE("A type is known from the start of the program, not from its first use", "[wire]") {
  troupe::wire::shape asked;
  asked.add<asked_elsewhere>();
  CHECK(troupe::wire::name_of_type(asked.hash()) == "identity::asked_elsewhere");
}

TEST_CASE("A wrong type is a mismatch that names both", "[wire]") {
  troupe::wire::check_type(identity_of<point>().hash, identity_of<point>().hash);
  const auto error =
      error_of([] { troupe::wire::check_type(identity_of<point>().hash, identity_of<std::vector<int>>().hash); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::type_mismatch);
  CHECK(says(*error, {"identity::point", "vector<int32>"}));
}
