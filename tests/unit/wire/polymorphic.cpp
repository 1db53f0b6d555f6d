#include "wire_test.hpp"

#include <boost/serialization/access.hpp>
#include <boost/serialization/assume_abstract.hpp>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/version.hpp>
#include <memory>

using namespace troupe_test;

namespace polymorphic {

class figure {
 public:
  virtual ~figure() = default;
  [[nodiscard]] virtual double area() const = 0;
  std::string name;

 private:
  friend class boost::serialization::access;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & name;
  }
};

struct square : figure {
  [[nodiscard]] double area() const override { return side * side; }
  double side = 1;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int version) {
    ar& boost::serialization::base_object<figure>(*this);
    if (version >= 1) ar & side;
  }
};

// Two bases: a pointer to the second one does not point to the start of the object.
struct tagged {
  virtual ~tagged() = default;
  int tag = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & tag;
  }
};
struct group : tagged, figure {
  [[nodiscard]] double area() const override {
    double sum = 0;
    for (const auto& member : members) sum += member->area();
    return sum;
  }
  std::vector<std::shared_ptr<figure>> members;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar& boost::serialization::base_object<tagged>(*this);
    ar& boost::serialization::base_object<figure>(*this);
    ar & members;
  }
};

struct forgotten : figure {
  [[nodiscard]] double area() const override { return 0; }
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar& boost::serialization::base_object<figure>(*this);
  }
};

int unrelated_made = 0;
struct unrelated {
  unrelated() { ++unrelated_made; }
  virtual ~unrelated() { --unrelated_made; }
  template <class Archive>
  void serialize(Archive&, const unsigned int) {}
};

// Travels through pointers to its own class without being exported.
struct plain {
  virtual ~plain() = default;
  int value = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & value;
  }
};
struct registered : plain {
  int more = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar& boost::serialization::base_object<plain>(*this);
    ar & more;
  }
};
// The other way to make a class known: the holder registers it.
struct holder {
  std::unique_ptr<plain> held;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar.template register_type<registered>();
    ar & held;
  }
};

struct drawing {
  std::vector<std::unique_ptr<figure>> figures;
  std::shared_ptr<figure> chosen;
  std::weak_ptr<tagged> known;
  figure* best = nullptr;
};

std::unique_ptr<square> make_square(double side, std::string name) {
  auto made = std::make_unique<square>();
  made->side = side;
  made->name = std::move(name);
  return made;
}

}  // namespace polymorphic

using namespace polymorphic;

BOOST_SERIALIZATION_ASSUME_ABSTRACT(polymorphic::figure)
BOOST_CLASS_VERSION(polymorphic::square, 1)
BOOST_CLASS_EXPORT(polymorphic::square)
BOOST_CLASS_EXPORT_GUID(polymorphic::group, "group of figures")
BOOST_CLASS_EXPORT(polymorphic::unrelated)

TEST_CASE("Objects arrive as their own class behind pointers to a base", "[wire]") {
  drawing value;
  value.figures.push_back(make_square(2, "small"));
  value.figures.push_back(nullptr);
  const auto members = std::make_shared<group>();
  members->tag = 9;
  members->members = {std::shared_ptr<figure>{make_square(3, "inner")}, nullptr};
  members->members.pop_back();
  value.chosen = members;
  value.known = members;
  value.best = members.get();

  const drawing arrived = round_trip(value);
  REQUIRE(arrived.figures.size() == 2);
  CHECK(arrived.figures[0]->area() == 4);
  CHECK(arrived.figures[0]->name == "small");
  CHECK(arrived.chosen->area() == 9);
  CHECK(arrived.best == arrived.chosen.get());
  REQUIRE(arrived.known.lock());
  CHECK(arrived.known.lock()->tag == 9);
  CHECK(dynamic_cast<const figure*>(arrived.known.lock().get()) == arrived.best);
}

TEST_CASE("A damaged message of polymorphic objects is malformed or something valid", "[wire]") {
  std::vector<std::unique_ptr<figure>> value;
  value.push_back(make_square(2, "small"));
  auto members = std::make_unique<group>();
  members->members.push_back(make_square(1, "x"));
  value.push_back(std::move(members));
  CHECK(encoded(round_trip(value)) == encoded(value));
  check_hostile_variations<std::vector<std::unique_ptr<figure>>>(encoded(value));
}

TEST_CASE("A class that was not exported is refused by name, with the remedy", "[wire]") {
  const std::unique_ptr<figure> value = std::make_unique<forgotten>();
  const auto error = error_of([&] { static_cast<void>(encoded(value)); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::invalid_argument);
  CHECK(says(*error, {"polymorphic::forgotten", "BOOST_CLASS_EXPORT"}));
}

TEST_CASE("A class key that this program does not know is malformed and named", "[wire]") {
  const auto error = refusal_of<std::unique_ptr<figure>>(bytes_of({1, 0, 0, 0, 4, 'n', 'o', 'n', 'e', 0, 0, 0, 0}));
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::malformed);
  CHECK(says(*error, {"'none'"}));
}

TEST_CASE("An object of a class that has nothing to do with the pointer is malformed and leaves nothing behind",
          "[wire]") {
  const bytes message = encoded(std::make_unique<unrelated>());
  REQUIRE_FALSE(is_malformed<std::unique_ptr<unrelated>>(message));
  const int before = unrelated_made;
  CHECK(is_malformed<std::unique_ptr<figure>>(message));
  CHECK(is_malformed<std::shared_ptr<figure>>(message));
  CHECK(is_malformed<figure*>(message));
  CHECK(unrelated_made == before);
  // And as a second pointer to an object that is there already.
  bytes twice = message;
  twice.insert(twice.end(), {std::byte{1}, std::byte{}, std::byte{}, std::byte{}});
  CHECK(is_malformed<std::pair<std::shared_ptr<unrelated>, std::shared_ptr<figure>>>(twice));
  CHECK(unrelated_made == before);
}

TEST_CASE("A concrete class travels through pointers to itself without export", "[wire]") {
  auto value = std::make_unique<plain>();
  value->value = 5;
  CHECK(round_trip(value)->value == 5);
}

TEST_CASE("A class that serialize registers with the archive travels without export", "[wire]") {
  holder value;
  auto held = std::make_unique<registered>();
  held->value = 1;
  held->more = 2;
  value.held = std::move(held);
  const holder arrived = round_trip(value);
  const auto* object = dynamic_cast<registered*>(arrived.held.get());
  REQUIRE(object != nullptr);
  CHECK(object->value == 1);
  CHECK(object->more == 2);
}
