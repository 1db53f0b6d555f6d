// What CPython's _TestSharedMemory checks of ShareableList, and its counterpart here:
// - test_shared_memory_ShareableList_basics: "a shareable list holds items of every kind", "an item is replaced by what
//   fits into its place", "items are counted and found"; for format strings, any_value's type()
// - pickling, pickling of a dead object: "a shareable list travels, and is written from both sides"; what travels
//   is the handle, whatever the list's size
// - exact_fit_utf8, no_spill: "a place is counted in bytes, and its neighbours are safe"
// - copying, second handle, empty: "copies of a list's items are a list of their own", "a list may be empty"
// Better: trailing zeros are kept, "what ends in zeros keeps them".
#include "troupe/shareable_list.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/transport/shareable_list_layout.hpp"
#include "troupe/wire/message.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

const any_value::bytes some_bytes{std::byte{0}, std::byte{255}, std::byte{0}};

any_value::list all_kinds() {
  return {none,    true,       false, std::int64_t{-273}, std::numeric_limits<std::int64_t>::max(), 2.5,
          "howdy", some_bytes, ""};
}

/// A list, and somebody with the same memory.
struct image {
  shareable_list list{1, "hello"};
  memory::region memory;

  image() {
    wire::outgoing_handles handles;
    (void)wire::encode(list, &handles);
    memory = memory::region::attach(unique_fd{::dup(handles.fds()[0])});
  }
  [[nodiscard]] memory::data_header& header() const { return *reinterpret_cast<memory::data_header*>(memory.data()); }
  [[nodiscard]] transport::list_slot& slot(std::size_t index) const {
    return reinterpret_cast<transport::list_slot*>(memory.data() + memory::data_offset)[index];
  }
  void require_malformed(std::size_t index) const {
    CHECK(error_of([&] { (void)list[index]; }) == errc::malformed);
    CHECK(error_of([&] { (void)list.items(); }) == errc::malformed);
  }
  /// What comes of the handle in a message.
  [[nodiscard]] errc error_of_arrival() const {
    std::vector<unique_fd> fds;
    fds.emplace_back(::dup(memory.fd()));
    wire::incoming_handles handles{std::move(fds)};
    wire::outgoing_handles out;
    const auto bytes = wire::encode(list, &out);
    return error_of([&] { (void)wire::decode<shareable_list>(bytes.span(), &handles); });
  }
};

}  // namespace

TEST_CASE("a shareable list holds items of every kind") {
  const auto items = all_kinds();
  const shareable_list list(items);
  CHECK(list.size() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) CHECK(list[i] == items[i]);
  CHECK(list.items() == items);
  CHECK(list[3].type() == any_value::kind::integer);
  CHECK(error_of([&] { (void)list[items.size()]; }) == errc::invalid_argument);
  CHECK(error_of([&] { (void)list.capacity(static_cast<std::size_t>(-1)); }) == errc::invalid_argument);
}

TEST_CASE("an item is replaced by what fits into its place") {
  shareable_list list{1, none, "hello there"};
  list.set(0, "12345678");
  list.set(1, 2.5);
  list.set(2, some_bytes);
  CHECK(list.items() == any_value::list{"12345678", 2.5, some_bytes});
  CHECK(list.capacity(0) == 8);
  CHECK(list.capacity(2) == 16);
  CHECK(error_of([&] { list.set(0, "123456789"); }) == errc::message_too_large);
  CHECK(error_of([&] { list.set(3, 1); }) == errc::invalid_argument);
  CHECK(error_of([&] { list.set(0, any_value::list{1}); }) == errc::invalid_argument);
  CHECK(list.items() == any_value::list{"12345678", 2.5, some_bytes});
}

TEST_CASE("a place is counted in bytes, and its neighbours are safe") {
  const std::string umlauts = "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f";  // 4 characters, 8 bytes
  shareable_list list(any_value::list{std::string(8, 'a'), umlauts, std::string(8, 'b')});
  list.set(1, std::string(8, 'x'));
  list.set(1, umlauts);
  CHECK(list.items() == any_value::list{std::string(8, 'a'), umlauts, std::string(8, 'b')});
}

TEST_CASE("what ends in zeros keeps them") {
  const std::string text("a\0b\0\0", 5);
  shareable_list list(any_value::list{text, some_bytes});
  CHECK(list[0].as_string() == text);
  CHECK(list[1].as_bytes() == some_bytes);
}

TEST_CASE("items are counted and found") {
  const shareable_list list{1, 2, 1, 1.0, "1"};
  CHECK(list.count(1) == 2);
  CHECK(list.find("1") == 4U);
  CHECK(list.find(1.0) == 3U);
  CHECK_FALSE(list.find(7));
}

TEST_CASE("copies of a list's items are a list of their own") {
  shareable_list list{1, 2};
  shareable_list same = list;
  shareable_list other(list.items());
  list.set(0, 10);
  CHECK(same[0] == 10);
  CHECK(other[0] == 1);
}

TEST_CASE("a list may be empty") {
  const shareable_list list(any_value::list{});
  CHECK(list.empty());
  CHECK(list.items().empty());
}

TEST_CASE("a shareable list travels, and is written from both sides") {
  queue<shareable_list> q;
  shareable_list list{0, "before"};
  process child{[](queue<shareable_list> out, shareable_list theirs) {
                  theirs.set(1, "after");
                  const std::scoped_lock guard{theirs};
                  out.put(theirs);
                  out.put(shareable_list{42});
                },
                q, list};
  child.start();
  child.join();
  CHECK(list[1] == "after");
  q.get().set(0, 7);
  CHECK(list[0] == 7);
  CHECK(q.get()[0] == 42);
  CHECK_FALSE(list.abandoned());
}

TEST_CASE("readers never see parts of two items") {
  shareable_list list(any_value::list{std::string(200, 'a')});
  process writer{[](shareable_list theirs) {
                   for (int i = 0; i < 2000; ++i)
                     theirs.set(0,
                                std::string(static_cast<std::size_t>(100 + i % 100), static_cast<char>('a' + i % 26)));
                   theirs.set(0, none);
                 },
                 list};
  writer.start();
  bool whole = true;
  for (any_value item = list[0]; !item.is_none(); item = list[0]) {
    const std::string& text = item.as_string();
    whole = whole && text.find_first_not_of(text[0]) == std::string::npos;
  }
  CHECK(whole);
  writer.join();
}

TEST_CASE("a place that lies about itself is found out") {
  const image spoilt;
  SECTION("its offset") { spoilt.slot(1).offset = ~std::uint64_t{0} - 8; }
  SECTION("its capacity") { spoilt.slot(1).capacity = std::uint64_t{1} << 63; }
  SECTION("the length of its item") { spoilt.slot(1).state = transport::item_state{4, 0, 9}.pack(); }
  SECTION("the type of its item") { spoilt.slot(1).state = transport::item_state{6, 0, 0}.pack(); }
  SECTION("the size of its number") { spoilt.slot(1).state = transport::item_state{2, 0, 3}.pack(); }
  spoilt.require_malformed(1);
}

TEST_CASE("shared data of another layout, kind, type or size is refused on arrival") {
  const image spoilt;
  CHECK(spoilt.error_of_arrival() == errc{});
  SECTION("no shared data") {
    spoilt.header().magic = 1;
    CHECK(spoilt.error_of_arrival() == errc::malformed);
  }
  SECTION("another version") {
    spoilt.header().version = 2;
    CHECK(spoilt.error_of_arrival() == errc::malformed);
  }
  SECTION("another kind") {
    spoilt.header().kind = memory::data_kind::array;
    CHECK(spoilt.error_of_arrival() == errc::type_mismatch);
  }
  SECTION("another type") {
    spoilt.header().type += 1;
    CHECK(spoilt.error_of_arrival() == errc::type_mismatch);
  }
  SECTION("a lock or none") {
    spoilt.header().guarded = 0;
    CHECK(spoilt.error_of_arrival() == errc::type_mismatch);
  }
  SECTION("more elements than memory") {
    spoilt.header().count = std::uint64_t{1} << 60;
    CHECK(spoilt.error_of_arrival() == errc::malformed);
  }
}
