// Memory images of pipes, made by hand: what a sender leaves that was killed half way, and what only a liar writes.
// Each is not there, or an error with a sentence; nothing hangs, and nothing is read outside.
#include "support/catch.hpp"
#include "support/pipe_memory.hpp"
#include "troupe/transport/frame_writer.hpp"
#include "troupe/wait.hpp"

#include <array>
#include <functional>
#include <string>

using namespace troupe;
using namespace std::chrono_literals;
using test::pipe_memory;
using transport::frame_header;
using transport::pipe_direction;
using transport::pipe_ring_bytes;

namespace {

template <class F>
std::string message_of(errc expected, F f) {
  try {
    f();
  } catch (const error& e) {
    CHECK(e.code() == expected);
    return e.what();
  }
  FAIL("nothing was thrown");
  return {};
}

/// A pipe whose first end sends nothing by itself: `forger` writes in its place.
struct forged_pipe {
  std::pair<connection, connection> ends = pipe();
  connection& sender = ends.first;
  connection& receiver = ends.second;
  pipe_memory memory{sender};
  transport::frame_writer forger{memory.ring(0), pipe_ring_bytes, memory.direction(0)};

  void put(std::uint8_t kind, std::initializer_list<std::uint64_t> words) {
    std::size_t length = 0;
    for (const std::uint64_t word : words) {
      std::memcpy(forger.payload() + length, &word, 8);
      length += 8;
    }
    forger.commit(kind, length);
  }
  void put_bytes(std::uint8_t kind, std::size_t length) {
    std::memset(forger.payload(), 'b', length);
    forger.commit(kind, length);
  }
};

const std::vector<std::function<void(connection&)>> ways_to_receive{
    [](connection& c) { (void)c.recv<int>(); },
    [](connection& c) { (void)c.try_recv<std::string>(); },
    [](connection& c) { (void)c.try_recv_for<int>(1h); },
    [](connection& c) { (void)c.recv_bytes(); },
    [](connection& c) {
      std::array<std::byte, 100> room{};
      (void)c.recv_bytes_into(room);
    },
    [](connection& c) { (void)c.peek(); },
    [](connection& c) { (void)c.poll(); },
    [](connection& c) { (void)wait({c}); },
};

/// All ways of receiving fail in the same manner, again and again.
void check_malformed(forged_pipe& pipe, const std::string& sentence) {
  for (const auto& receive : ways_to_receive)
    CHECK_THAT(message_of(errc::malformed, [&] { receive(pipe.receiver); }), test::contains(sentence));
}

void check_nothing_there(forged_pipe& pipe) {
  CHECK_FALSE(pipe.receiver.poll());
  CHECK_FALSE(pipe.receiver.poll(1ms));
  CHECK_FALSE(pipe.receiver.try_recv<int>());
  CHECK(try_wait({pipe.receiver}).empty());
}

void check_ends_when_sender_is_gone(forged_pipe& pipe) {
  pipe.sender.close();
  CHECK(pipe.receiver.poll());
  CHECK_THAT(message_of(errc::end_of_stream, [&] { (void)pipe.receiver.recv<int>(); }), test::contains("was received"));
  CHECK_THAT(message_of(errc::end_of_stream, [&] { (void)pipe.receiver.peek(); }), test::contains("was received"));
}

}  // namespace

// -- a sender killed half way ----------------------------------------------------------------------------------------

TEST_CASE("a payload without its header is not there, and not after its sender either") {
  forged_pipe pipe;
  pipe.put(frame_header::raw, {1});
  CHECK(pipe.receiver.recv_bytes().size() == 8);
  std::memset(pipe.forger.payload(), 0xab, 1000);
  check_nothing_there(pipe);
  pipe.memory.put(0, pipe.forger.position() + 1008, 0);  // the 0 behind the frame
  check_nothing_there(pipe);
  check_ends_when_sender_is_gone(pipe);
}

TEST_CASE("a large message that was cut off is not there, and its parts do not outlive its sender") {
  for (const bool whole_but_for_the_last : {false, true}) {
    forged_pipe pipe;
    pipe.put(frame_header::raw, {1});
    pipe.put(frame_header::first, {0, 16 + 1000, 3, 4});
    if (whole_but_for_the_last) pipe.put_bytes(frame_header::more, 1000);
    CHECK(pipe.receiver.recv_bytes().size() == 8);
    check_nothing_there(pipe);
    check_ends_when_sender_is_gone(pipe);
  }
}

TEST_CASE("what a large message announces costs no memory before it comes") {
  for (const std::uint64_t size : {std::uint64_t{1} << 40, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
    forged_pipe pipe;
    pipe.put(frame_header::first, {0, size, 3});
    pipe.put_bytes(frame_header::more, 1000);
    check_nothing_there(pipe);
    check_ends_when_sender_is_gone(pipe);
  }
}

TEST_CASE("whatever requests for wakes a side left behind, the other goes on") {
  forged_pipe pipe;
  for (std::size_t i = 0; i < 2; ++i) pipe.memory.direction(i).state = 7;
  pipe.sender.send(1);
  CHECK(pipe.receiver.recv<int>() == 1);
  pipe.receiver.send(2);
  CHECK(pipe.sender.recv<int>() == 2);
  check_nothing_there(pipe);
  check_ends_when_sender_is_gone(pipe);
}

TEST_CASE("a side that said it closed is gone, even if it did not get any further") {
  forged_pipe pipe;
  pipe.put(frame_header::raw, {1});
  pipe.memory.direction(0).state |= pipe_direction::writer_closed;
  pipe.memory.direction(1).state |= pipe_direction::reader_closed;
  CHECK(pipe.receiver.recv_bytes().size() == 8);
  message_of(errc::end_of_stream, [&] { (void)pipe.receiver.recv_bytes(); });
  message_of(errc::broken_pipe, [&] { pipe.receiver.send(1); });
}

// -- a sender that lies ----------------------------------------------------------------------------------------------

TEST_CASE("headers that no sender writes are malformed") {
  const std::uint32_t right = frame_header::check_of(0);
  for (const frame_header header : {frame_header{8, frame_header::raw, right + 1}, frame_header{0, 0, 0xff'ffff},
                                    frame_header{pipe_ring_bytes - 15, frame_header::raw, right},
                                    frame_header{0xffff'ffff, frame_header::typed, right}}) {
    forged_pipe pipe;
    pipe.memory.put(0, 0, header.packed());
    check_malformed(pipe, "holds no valid frame");
  }
}

TEST_CASE("the longest frame that could be is read and no byte more") {
  forged_pipe pipe;
  pipe.put_bytes(frame_header::raw, pipe_ring_bytes - 16);
  CHECK(pipe.receiver.recv_bytes() == std::vector(pipe_ring_bytes - 16, std::byte{'b'}));
  check_nothing_there(pipe);
}

TEST_CASE("frames that are too short for what they say they are, are malformed") {
  for (const std::size_t length : {0UL, 1UL, 7UL}) {
    forged_pipe pipe;
    pipe.put_bytes(frame_header::typed, length);
    check_malformed(pipe, "too short");
  }
  for (const std::size_t length : {0UL, 8UL, 15UL}) {
    forged_pipe pipe;
    pipe.put_bytes(frame_header::first, length);
    check_malformed(pipe, "too short");
  }
}

TEST_CASE("a part of a large message without its start is malformed") {
  for (const std::uint8_t kind :
       {frame_header::more, frame_header::last, frame_header::kind{0}, frame_header::kind{6}}) {
    forged_pipe pipe;
    pipe.put_bytes(kind, 100);
    check_malformed(pipe, "in the wrong order");
  }
}

TEST_CASE("another message in the middle of a large one is malformed") {
  for (const std::uint8_t kind : {frame_header::raw, frame_header::typed, frame_header::first}) {
    forged_pipe pipe;
    pipe.put(frame_header::first, {0, 1000, 1});
    pipe.put_bytes(kind, 100);
    CHECK_THAT(message_of(errc::malformed, [&] { (void)pipe.receiver.poll(); }), test::contains("in the wrong order"));
  }
}

TEST_CASE("a kind of frame that there is not is malformed in a large message, too") {
  forged_pipe pipe;
  pipe.put(frame_header::first, {0, 1000, 1});
  pipe.put_bytes(0x7f, 100);
  CHECK_THAT(message_of(errc::malformed, [&] { (void)pipe.receiver.poll(); }), test::contains("unknown kind"));
}

TEST_CASE("a large message of another size than announced is malformed") {
  const auto outcome = [](std::uint64_t announced, std::initializer_list<std::uint8_t> kinds) {
    forged_pipe pipe;
    pipe.put(frame_header::first, {0, announced, 1});
    for (const std::uint8_t kind : kinds) pipe.put_bytes(kind, 100);
    return message_of(errc::malformed, [&] { (void)pipe.receiver.recv_bytes(); });
  };
  CHECK_THAT(outcome(7, {}), test::contains("more bytes"));
  CHECK_THAT(outcome(107, {frame_header::more}), test::contains("more bytes"));
  CHECK_THAT(outcome(208, {frame_header::more, frame_header::more, frame_header::last}), test::contains("more bytes"));
  CHECK_THAT(outcome(109, {frame_header::last}), test::contains("fewer bytes"));
  CHECK_THAT(outcome(~std::uint64_t{0}, {frame_header::last}), test::contains("fewer bytes"));
}

TEST_CASE("parts of a large message without any bytes in them are fine") {
  for (const std::uint64_t size : {0UL, 8UL}) {
    forged_pipe pipe;
    pipe.put(frame_header::first, {0, size});
    pipe.put(frame_header::more, {});
    if (size != 0) pipe.put(frame_header::more, {7});
    pipe.put(frame_header::last, {});
    CHECK(pipe.receiver.recv_bytes().size() == size);
    check_nothing_there(pipe);
  }
}

TEST_CASE("a large message that lies never leaves the room of who receives it") {
  for (const std::uint64_t announced : {std::uint64_t{8}, std::uint64_t{64}}) {
    forged_pipe pipe;
    pipe.put(frame_header::first, {0, announced, 1});
    pipe.put_bytes(frame_header::more, 100);
    std::array<std::byte, 128> room{};
    message_of(errc::malformed, [&] { (void)pipe.receiver.recv_bytes_into(std::span{room}.first(64)); });
    CHECK(room[64] == std::byte{0});
  }
}

TEST_CASE("descriptors that are announced but did not come are malformed") {
  for (const std::uint8_t kind : {frame_header::raw, frame_header::typed, frame_header::first}) {
    forged_pipe pipe;
    pipe.put(kind | frame_header::with_handles, {1, 100, 3});
    check_malformed(pipe, "did not come");
  }
}

// -- a reader that lies ----------------------------------------------------------------------------------------------

TEST_CASE("a sender whose reader says that it has read what was never written is told, and does not wait for ever") {
  for (const std::uint64_t lie : {24UL, 1UL << 40, 1UL << 63, 0 - pipe_ring_bytes}) {
    forged_pipe pipe;
    const std::string text(60'000, 'x');
    std::uint64_t sent = 0;
    while (pipe.sender.try_send(text)) sent += transport::frame_bytes(8 + 4 + text.size());  // its type, its count
    pipe.memory.direction(0).released = sent + lie;
    const auto fails = [&](auto send) {
      CHECK_THAT(message_of(errc::malformed, send), test::contains("more was read than was written"));
    };
    fails([&] { (void)pipe.sender.try_send(text); });
    fails([&] { (void)pipe.sender.try_send_for(text, 1h); });
    fails([&] { pipe.sender.send(text); });
    fails([&] { pipe.sender.send_bytes(std::as_bytes(std::span{text})); });
    fails([&] { pipe.sender.send_bytes(std::vector<std::byte>(1'000'000)); });
    fails([&] { (void)pipe.sender.reserve(1); });
  }
}
