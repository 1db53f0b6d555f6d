// The two sides of a ring of frames, on memory of their own: no sockets, no sleeping, no other process.
#include "support/catch.hpp"
#include "troupe/base/error.hpp"
#include "troupe/memory/mirrored_rings.hpp"
#include "troupe/transport/frame_reader.hpp"
#include "troupe/transport/frame_writer.hpp"

#include <cstring>
#include <random>
#include <string>
#include <thread>

using namespace troupe;
using transport::frame_header;
using transport::frame_reader;
using transport::frame_writer;

namespace {

constexpr std::size_t ring_bytes = 4096;
constexpr std::size_t longest = ring_bytes - 16;  // a header in front, and the 0 behind

/// A ring that nobody has cleaned: every word of it looks like something, but the first.
struct ring {
  memory::mirrored_rings memory = memory::mirrored_rings::create("test", 1, ring_bytes);
  transport::pipe_direction shared{};

  ring() {
    std::memset(bytes(), 0xff, ring_bytes);
    put(0, 0);
  }
  [[nodiscard]] std::byte* bytes() const { return memory.ring(0); }
  [[nodiscard]] frame_writer writer() { return {bytes(), ring_bytes, shared}; }
  [[nodiscard]] frame_reader reader() { return {bytes(), ring_bytes, shared}; }
  void put(std::uint64_t at, std::uint64_t word) const { std::memcpy(bytes() + at % ring_bytes, &word, 8); }
  [[nodiscard]] std::uint64_t word(std::uint64_t at) const {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes() + at % ring_bytes, 8);
    return word;
  }
};

void write(frame_writer& writer, std::string_view text) {
  std::memcpy(writer.payload(), text.data(), text.size());
  writer.commit(frame_header::raw, text.size());
}

std::string front(const frame_reader& reader) {
  const auto payload = reader.front().payload;
  return {reinterpret_cast<const char*>(payload.data()), payload.size()};
}

std::string text_of(std::size_t length) { return std::string(length, static_cast<char>('a' + length % 26)); }

std::string refusal(const ring& r, frame_reader& reader, frame_header header) {
  r.put(reader.position(), header.packed());
  REQUIRE(reader.ready());
  try {
    (void)reader.front();
  } catch (const error& e) {
    CHECK(e.code() == errc::malformed);
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("frames of every length come out as they went in, around the ring and around again") {
  ring r;
  auto writer = r.writer();
  auto reader = r.reader();
  for (std::size_t length = 0; length <= longest; ++length) {
    REQUIRE(writer.fits(length));
    write(writer, text_of(length));
    REQUIRE(reader.ready());
    REQUIRE(front(reader) == text_of(length));
    REQUIRE(reader.front().kind == frame_header::raw);
    reader.pop(length);
    reader.publish();
    REQUIRE_FALSE(reader.ready());
  }
}

TEST_CASE("the word behind the last frame is 0, whatever lay there before") {
  ring r;
  auto writer = r.writer();
  auto reader = r.reader();
  std::minstd_rand random{1};
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t length = random() % 300;
    while (!writer.fits(length)) {
      reader.pop(reader.front().payload.size());
      reader.publish();
    }
    const std::uint64_t start = writer.position();
    write(writer, std::string(length, '\xff'));
    REQUIRE(writer.position() == start + transport::frame_bytes(length));
    REQUIRE(r.word(writer.position()) == 0);
    REQUIRE(writer.position() - r.shared.released.load() <= ring_bytes - 8);
  }
}

TEST_CASE("the room of a ring counts the header and the 0 behind the frame, and can be used up to the last byte") {
  ring r;
  auto writer = r.writer();
  auto reader = r.reader();
  CHECK(writer.room(1) == longest);
  write(writer, text_of(100));  // 112 bytes with its header, rounded up
  CHECK(writer.room(ring_bytes) == longest - 112);
  write(writer, text_of(longest - 112));
  CHECK(writer.room(1) == 0);
  CHECK(front(reader) == text_of(100));
  reader.pop(100);
  CHECK(writer.room(1) == 0);  // not given back yet
  reader.publish();
  CHECK(writer.room(1) == 112 - 8);
  CHECK(front(reader) == text_of(longest - 112));
  reader.pop(longest - 112);
  CHECK_FALSE(reader.ready());
  reader.publish();
  CHECK(writer.room(1) == 112 - 8);  // which is enough, so nobody looks how much more there is
  CHECK(writer.room(longest) == longest);
}

TEST_CASE("not even an empty frame fits into a ring that is full") {
  ring r;
  auto writer = r.writer();
  write(writer, text_of(longest - 8));
  CHECK(writer.room(0) == 0);
  CHECK_FALSE(writer.fits(1));
  REQUIRE(writer.fits(0));
  write(writer, "");
  CHECK(writer.room(0) == 0);
  CHECK_FALSE(writer.fits(0));
}

TEST_CASE("a frame is not there before its header is") {
  ring r;
  auto writer = r.writer();
  const auto reader = r.reader();
  std::memset(writer.payload(), 'x', writer.room(1));
  CHECK_FALSE(reader.ready());
  writer.commit(frame_header::typed, 10);
  CHECK(reader.ready());
}

TEST_CASE("a reader says how far it came when that is a quarter of the ring, and when asked") {
  ring r;
  auto writer = r.writer();
  auto reader = r.reader();
  for (const std::uint64_t published : {0UL, 1024UL, 1024UL, 2048UL}) {
    write(writer, text_of(504));
    const bool told = reader.pop(504);
    CHECK(told == (published == reader.position()));
    CHECK(r.shared.released.load() == published);
  }
  write(writer, text_of(8));
  CHECK_FALSE(reader.pop(8));
  reader.publish();
  CHECK(r.shared.released.load() == 2048 + 16);
}

TEST_CASE("the next owners of both sides go on where the last ones stopped") {
  ring r;
  for (int i = 0; i < 100; ++i) {
    auto writer = r.writer();
    write(writer, text_of(111));
    write(writer, text_of(222));
    writer.hand_over_behind(333);
    write(writer, text_of(333));
    CHECK(r.shared.written.load() == writer.position());
    for (const std::size_t length : {111UL, 222UL, 333UL}) {
      auto reader = r.reader();
      CHECK(front(reader) == text_of(length));
      reader.pop(length);
      reader.publish();
    }
  }
}

TEST_CASE("a header that no writer makes is malformed, and says so") {
  ring r;
  auto writer = r.writer();
  auto reader = r.reader();
  write(writer, text_of(1000));
  reader.pop(1000);
  const std::uint32_t right = frame_header::check_of(reader.position());
  const auto no_frame = test::contains("holds no valid frame");
  CHECK_THAT(refusal(r, reader, {8, frame_header::raw, right + 1}), no_frame);
  CHECK_THAT(refusal(r, reader, {8, frame_header::raw, 0}), no_frame);
  CHECK_THAT(refusal(r, reader, {longest + 1, frame_header::raw, right}), no_frame);
  CHECK_THAT(refusal(r, reader, {0xffff'ffff, frame_header::raw, right}), no_frame);
  CHECK_THAT(refusal(r, reader, frame_header::unpack(~std::uint64_t{0})), no_frame);
  CHECK(refusal(r, reader, {longest, frame_header::raw, right}).empty());
  CHECK(reader.front().payload.size() == longest);
}

TEST_CASE("headers of earlier laps do not pass for new ones") {
  ring r;
  auto writer = r.writer();
  auto reader = r.reader();
  std::vector<std::uint64_t> headers;
  for (int lap = 0; lap < 4; ++lap) {
    write(writer, text_of(2040));  // two frames fill the ring exactly
    headers.push_back(r.word(writer.position() - 2048));
    reader.pop(2040);
    reader.publish();
    write(writer, text_of(2040));
    reader.pop(2040);
    reader.publish();
  }
  for (const std::uint64_t old : headers) CHECK_FALSE(refusal(r, reader, frame_header::unpack(old)).empty());
}

TEST_CASE("positions that cannot be are noticed") {
  const auto sane_writer = [](std::uint64_t written, std::uint64_t released) {
    ring r;
    r.shared.written = written;
    r.shared.released = released;
    return r.writer().sane();
  };
  CHECK(sane_writer(0, 0));
  CHECK(sane_writer(ring_bytes - 8, 0));
  CHECK(sane_writer(1 << 20, (1 << 20) - 8));
  CHECK_FALSE(sane_writer(ring_bytes, 0));
  CHECK_FALSE(sane_writer(0, 8));
  CHECK_FALSE(sane_writer(12, 8));
  CHECK_FALSE(sane_writer(16, 9));
  CHECK_FALSE(sane_writer(0, ~std::uint64_t{7} - ring_bytes));
}

TEST_CASE("a writer never leaves the ring, whatever the reader says that it has read") {
  ring r;
  auto writer = r.writer();
  write(writer, text_of(1000));
  for (const std::uint64_t lie :
       {0UL, 1UL, 7UL, 8UL, 1008UL, 1009UL, 1016UL, 1024UL, 1025UL, 1032UL, 5000UL, ~0UL, ~7UL}) {
    r.shared.released = lie;
    const std::size_t room = writer.room(2 * ring_bytes);
    const auto payload = static_cast<std::size_t>(writer.payload() - r.bytes());
    CHECK(payload + room <= 2 * ring_bytes);
  }
}

TEST_CASE("a writer and a reader in two threads agree on every byte") {
  ring r;
  constexpr int count = 30'000;
  std::thread thread{[writer = r.writer()]() mutable {
    std::minstd_rand random{7};
    for (int i = 0; i < count; ++i) {
      const std::size_t length = random() % 500;
      while (!writer.fits(length)) std::this_thread::yield();
      write(writer, text_of(length));
    }
  }};
  auto reader = r.reader();
  std::minstd_rand random{7};
  int wrong = 0;
  for (int i = 0; i < count; ++i) {
    const std::size_t length = random() % 500;
    while (!reader.ready()) {
      reader.publish();
      std::this_thread::yield();
    }
    if (front(reader) != text_of(length)) ++wrong;
    reader.pop(reader.front().payload.size());
  }
  thread.join();
  CHECK(wrong == 0);
}
