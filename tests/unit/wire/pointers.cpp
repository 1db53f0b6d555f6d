#include "wire_test.hpp"

#include "troupe/wire/pointer_rules.hpp"

#include <boost/serialization/access.hpp>
#include <memory>

using namespace troupe_test;

namespace pointers {

struct node {
  int value = 0;
  std::shared_ptr<node> next;
  std::weak_ptr<node> back;
};
struct part {
  int value = 0;
  part* parent = nullptr;  // known, not owned
  std::vector<std::unique_ptr<part>> parts;
};
struct view_then_owner {
  part* view = nullptr;
  std::unique_ptr<part> owner;
};
struct view_then_shared {
  part* view = nullptr;
  std::shared_ptr<part> owner;
};
struct two_owners {
  std::unique_ptr<part> one;
  std::shared_ptr<part> other;
};
struct weak_first {
  std::weak_ptr<node> weak;
  std::shared_ptr<node> strong;
};
struct raw_and_weak {
  part* view = nullptr;
  std::weak_ptr<part> weak;
};
struct aligned_one {
  alignas(64) int value = 0;
};

int alive = 0;
struct counted {
  counted() { ++alive; }
  counted(const counted& other) : value{other.value} { ++alive; }
  ~counted() { --alive; }
  int value = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & value;
  }
};

std::uint32_t chain_length(const node* n) { return n == nullptr ? 0 : 1 + chain_length(n->next.get()); }

}  // namespace pointers

using namespace pointers;

TEST_CASE("Pointers to one object lead to one object after the journey", "[wire]") {
  const auto a = std::make_shared<node>();
  a->value = 1;
  const auto arrived = round_trip(std::vector{a, a, std::make_shared<node>(), std::shared_ptr<node>{}});
  REQUIRE(arrived.size() == 4);
  CHECK(arrived[0]->value == 1);
  CHECK(arrived[0] == arrived[1]);
  CHECK(arrived[0] != arrived[2]);
  CHECK(arrived[3] == nullptr);
  CHECK(arrived[0].use_count() == 2);
}

TEST_CASE("More objects than are searched one by one keep their identity", "[wire]") {
  std::vector<std::shared_ptr<int>> many;
  for (int i = 0; i < 100; ++i) many.push_back(std::make_shared<int>(i));
  for (int i = 0; i < 100; ++i) many.push_back(many[static_cast<std::size_t>(i)]);
  const auto arrived = round_trip(many);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(*arrived[i] == static_cast<int>(i));
    CHECK(arrived[i] == arrived[i + 100]);
  }
}

TEST_CASE("A cycle through a weak_ptr comes back and can be freed", "[wire]") {
  const auto first = std::make_shared<node>();
  first->next = std::make_shared<node>();
  first->next->back = first;
  const auto arrived = round_trip(first);
  CHECK(arrived->next->back.lock() == arrived);
  CHECK(arrived.use_count() == 1);
  check_hostile_variations<std::shared_ptr<node>>(encoded(first));
}

TEST_CASE("A weak_ptr that is met before the owner finds it; one without an owner in the message is expired",
          "[wire]") {
  weak_first value;
  value.strong = std::make_shared<node>();
  value.strong->value = 5;
  value.weak = value.strong;
  const auto arrived = round_trip(value);
  CHECK(arrived.weak.lock() == arrived.strong);
  CHECK(arrived.strong->value == 5);

  const auto outside = std::exchange(value.strong, nullptr);
  const auto lonely = round_trip(value);
  CHECK(lonely.weak.expired());
  CHECK(lonely.strong == nullptr);
  check_hostile_variations<weak_first>(encoded(value));
}

TEST_CASE("A cycle of owners is refused with a sentence on both sides", "[wire]") {
  const auto first = std::make_shared<node>();
  first->next = std::make_shared<node>();
  first->next->next = first;
  const auto error = error_of([&] { static_cast<void>(encoded(first)); });
  first->next->next.reset();
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::invalid_argument);
  CHECK(says(*error, {"node", "weak_ptr"}));

  // {id 1, value, next {id 1}}
  CHECK(is_malformed<std::shared_ptr<node>>(bytes_of({1, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0})));
}

TEST_CASE("Raw pointers to objects that are owned in the message lead to them", "[wire]") {
  auto root = std::make_unique<part>();
  root->parts.push_back(std::make_unique<part>());
  root->parts.push_back(std::make_unique<part>());
  root->parts[0]->parent = root.get();
  root->parts[1]->parent = root.get();
  root->parts[1]->value = 4;
  const auto arrived = round_trip(root);
  REQUIRE(arrived->parts.size() == 2);
  CHECK(arrived->parts[0]->parent == arrived.get());
  CHECK(arrived->parts[1]->parent == arrived.get());
  CHECK(arrived->parts[1]->value == 4);
}

TEST_CASE("An owner that comes after a raw pointer takes the object over", "[wire]") {
  view_then_owner value;
  value.owner = std::make_unique<part>();
  value.owner->value = 3;
  value.view = value.owner.get();
  const auto arrived = round_trip(value);
  CHECK(arrived.view == arrived.owner.get());
  CHECK(arrived.owner->value == 3);

  view_then_shared shared;
  shared.owner = std::make_shared<part>();
  shared.view = shared.owner.get();
  const auto arrived_shared = round_trip(shared);
  CHECK(arrived_shared.view == arrived_shared.owner.get());
}

TEST_CASE("A raw pointer makes its receiver the owner if nothing else in the message is", "[wire]") {
  counted object;
  object.value = 6;
  counted* arrived = round_trip(&object);
  CHECK(arrived->value == 6);
  CHECK(alive == 2);
  delete arrived;
  CHECK(alive == 1);
}

TEST_CASE("An object with two owners that do not know of each other is malformed", "[wire]") {
  // {id 1, value, parent, no parts}, {id 1}
  const auto message = bytes_of({1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0});
  CHECK(is_malformed<two_owners>(message));
  CHECK(is_malformed<std::pair<std::unique_ptr<part>, std::unique_ptr<part>>>(message));
}

TEST_CASE("A raw pointer cannot be left with an object that only weak pointers know", "[wire]") {
  CHECK(is_malformed<std::pair<std::weak_ptr<part>, part*>>(bytes_of({1, 0, 0, 0, 1, 0, 0, 0})));
  const auto owner = std::make_shared<part>();
  const auto error = error_of([&] { static_cast<void>(encoded(std::pair{std::weak_ptr{owner}, owner.get()})); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::invalid_argument);
}

TEST_CASE("An object id that was not given yet, or to an object of another class, is malformed", "[wire]") {
  using other_class = std::pair<std::shared_ptr<int>, std::shared_ptr<float>>;
  CHECK(is_malformed<std::shared_ptr<int>>(bytes_of({2, 0, 0, 0, 7, 0, 0, 0})));
  CHECK(is_malformed<std::shared_ptr<int>>(bytes_of({0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0})));
  CHECK(is_malformed<other_class>(bytes_of({1, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0})));
  const auto error = refusal_of<other_class>(bytes_of({1, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0}));
  CHECK(says(*error, {"float32", "int32"}));
}

TEST_CASE("A chain of pointers without end is refused on both sides before the stack ends", "[wire]") {
  bytes endless;
  for (unsigned i = 1; i < 100'000; ++i) {
    const auto id = encoded(i);
    endless.insert(endless.end(), id.begin(), id.end());
    endless.resize(endless.size() + 4);  // the value of the node
  }
  CHECK(is_malformed<std::shared_ptr<node>>(endless));

  const auto first = std::make_shared<node>();
  for (node* n = first.get(); chain_length(first.get()) < 400; n = n->next.get()) n->next = std::make_shared<node>();
  CHECK(chain_length(round_trip(first).get()) == 400);
  node* last = first.get();
  while (last->next) last = last->next.get();
  for (int i = 0; i < 200; ++i, last = last->next.get()) last->next = std::make_shared<node>();
  const auto error = error_of([&] { static_cast<void>(encoded(first)); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::invalid_argument);
}

TEST_CASE("Objects of a message that turns out to be malformed are freed", "[wire]") {
  const auto value = std::make_shared<counted>();
  const bytes message = encoded(std::vector{value, std::make_shared<counted>(), value});
  const int before = alive;
  for (std::size_t size = 0; size < message.size(); ++size) {
    const bytes prefix(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK(is_malformed<std::vector<std::shared_ptr<counted>>>(prefix));
    CHECK(alive == before);
  }
  // A unique object whose content is cut off.
  CHECK(is_malformed<std::unique_ptr<counted>>(bytes_of({1, 0, 0, 0, 0, 1})));
  CHECK(alive == before);
}

TEST_CASE("Objects of unusual alignment arrive where they may lie", "[wire]") {
  const auto arrived = round_trip(std::make_unique<aligned_one>());
  CHECK(reinterpret_cast<std::uintptr_t>(arrived.get()) % 64 == 0);
}

TEST_CASE("An expired weak_ptr and null pointers stay null", "[wire]") {
  std::weak_ptr<node> expired = std::make_shared<node>();
  CHECK(round_trip(expired).lock() == nullptr);
  CHECK(round_trip(std::unique_ptr<int>{}) == nullptr);
  CHECK(round_trip(static_cast<part*>(nullptr)) == nullptr);
}

TEST_CASE("A smart pointer may lead to a constant", "[wire]") {
  const auto arrived = round_trip(std::vector<std::shared_ptr<const int>>{std::make_shared<int>(5)});
  CHECK(*arrived.at(0) == 5);
  CHECK(*round_trip(std::make_unique<const std::string>("text")) == "text");
}
