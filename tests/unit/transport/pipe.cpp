#include "troupe/pipe.hpp"
#include "support/catch.hpp"

#include <cstring>
#include <poll.h>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

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

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span{text}); }

}  // namespace

TEST_CASE("a pipe carries values both ways") {
  auto [a, b] = pipe();
  a.send(std::vector<int>{1, 2, 3});
  CHECK(b.recv<std::vector<int>>() == std::vector{1, 2, 3});
  b.send(std::string{"back"});
  CHECK(a.recv<std::string>() == "back");
}

TEST_CASE("the other direction of a one-way pipe is an error that names the direction") {
  auto [reader, writer] = pipe(simplex);
  CHECK(reader.readable());
  CHECK_FALSE(reader.writable());
  CHECK(writer.writable());
  CHECK_FALSE(writer.readable());
  writer.send(1);
  CHECK(reader.recv<int>() == 1);
  CHECK(message_of(errc::wrong_direction, [&] { reader.send(1); }).find("sending on the reading end") == 0);
  CHECK(message_of(errc::wrong_direction, [&] { (void)writer.recv<int>(); }).find("receiving on the writing end") == 0);
}

TEST_CASE("what was sent before the other side closed is delivered, then the stream ends") {
  auto [a, b] = pipe();
  a.send(1);
  a.send(2);
  a.close();
  CHECK(b.recv<int>() == 1);
  CHECK(b.poll());
  CHECK(b.recv<int>() == 2);
  CHECK(b.poll());  // the end is something a receive would not block on
  message_of(errc::end_of_stream, [&] { (void)b.recv<int>(); });
  message_of(errc::end_of_stream, [&] { (void)b.try_recv<int>(); });
  message_of(errc::broken_pipe, [&] { b.send(3); });
}

TEST_CASE("what was sent is delivered even if the sender closed with messages of ours unread") {
  auto [a, b] = pipe();
  b.send(9);
  a.send(1);
  a.close();
  CHECK(b.recv<int>() == 1);
  message_of(errc::end_of_stream, [&] { (void)b.recv<int>(); });
}

TEST_CASE("a closed end says so") {
  auto [a, b] = pipe();
  a.close();
  a.close();
  CHECK_FALSE(a.is_open());
  message_of(errc::closed, [&] { a.send(1); });
  message_of(errc::closed, [&] { (void)a.fd(); });
  connection moved = std::move(b);
  message_of(errc::closed, [&] { (void)b.try_recv<int>(); });  // NOLINT(bugprone-use-after-move): that is the test
}

TEST_CASE("a message of another type names both types and stays receivable") {
  auto [a, b] = pipe();
  a.send(std::string{"text"});
  const auto text = message_of(errc::type_mismatch, [&] { (void)b.recv<std::vector<int>>(); });
  CHECK(text.find("string") != std::string::npos);
  CHECK(text.find("vector") != std::string::npos);
  message_of(errc::type_mismatch, [&] { (void)b.recv_bytes(); });
  CHECK(b.recv<std::string>() == "text");
}

TEST_CASE("raw bytes keep their boundaries, and may be empty") {
  auto [a, b] = pipe();
  a.send_bytes(bytes("thank you"));
  a.send_bytes({});
  a.send_bytes(bytes("x"));
  CHECK(b.recv_bytes().size() == 9);
  CHECK(b.recv_bytes().empty());
  CHECK(b.recv_bytes().size() == 1);
  CHECK_FALSE(b.poll());
}

TEST_CASE("bytes are received into the front of a larger room; too small a room leaves the message there") {
  auto [a, b] = pipe();
  const std::array<int, 5> five{1, 2, 3, 4, 5};
  a.send_bytes(std::as_bytes(std::span{five}));
  std::array<int, 10> room{};
  room.fill(7);
  message_of(errc::message_too_large, [&] { b.recv_bytes_into(std::as_writable_bytes(std::span{room}).first(19)); });
  message_of(errc::message_too_large, [&] { (void)b.recv_bytes(19); });
  CHECK(b.recv_bytes_into(std::as_writable_bytes(std::span{room})) == sizeof five);
  CHECK(room == std::array{1, 2, 3, 4, 5, 7, 7, 7, 7, 7});
}

TEST_CASE("polling and the timed forms tell nothing-yet from the end") {
  auto [a, b] = pipe();
  CHECK_FALSE(b.poll());
  CHECK_FALSE(b.poll(1ms));
  CHECK_FALSE(b.try_recv<int>());
  CHECK_FALSE(b.try_recv_for<int>(1ms));
  a.send(5);
  CHECK(b.poll(1h));
  CHECK(b.try_recv_for<int>(1h) == 5);
}

TEST_CASE("a full pipe makes try_send fail instead of blocking") {
  auto [a, b] = pipe();
  int sent = 0;
  while (a.try_send(sent)) ++sent;
  CHECK(sent > 0);
  CHECK_FALSE(a.try_send_for(sent, 1ms));
  for (int i = 0; i < sent; ++i) CHECK(b.recv<int>() == i);
}

TEST_CASE("a full pipe blocks empty messages, too") {
  constexpr int count = 100'000;
  auto [a, b] = pipe();
  std::thread sender{[&end = a] {
    for (int i = 0; i < count; ++i) end.send_bytes({});
    end.send(1);
  }};
  std::size_t received = 0;
  for (int i = 0; i < count; ++i) received += b.recv_bytes().size();
  CHECK(received == 0);
  CHECK(b.recv<int>() == 1);
  sender.join();
}

TEST_CASE("messages far larger than any buffer stream through") {
  auto [a, b] = pipe();
  std::vector<std::uint64_t> large(4'000'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = i * i;
  std::thread sender{[&, &end = a] { end.send(large); }};
  const bool same = b.recv<std::vector<std::uint64_t>>() == large;
  CHECK(same);
  sender.join();
}

TEST_CASE("several threads on one end keep their messages whole") {
  auto [a, b] = pipe();
  const auto send_many = [&end = a](char letter) {
    for (int i = 0; i < 200; ++i) end.send(std::string(100'000, letter));
  };
  std::thread first{send_many, 'a'};
  std::thread second{send_many, 'b'};
  for (int i = 0; i < 400; ++i) {
    const auto text = b.recv<std::string>();
    REQUIRE(text.size() == 100'000);
    REQUIRE(text.find_first_not_of(text[0]) == std::string::npos);
  }
  first.join();
  second.join();
}

TEST_CASE("a connection end can be sent through another pipe and is moved there") {
  auto [a, b] = pipe();
  auto [near, far] = pipe();
  a.send(far);
  CHECK_FALSE(far.is_open());
  auto arrived = b.recv<connection>();
  arrived.send(std::string{"from afar"});
  CHECK(near.recv<std::string>() == "from afar");
  arrived.close();
  message_of(errc::end_of_stream, [&end = near] { (void)end.recv<int>(); });  // no second owner keeps it open
}

TEST_CASE("the descriptor of a connection works with poll(2)") {
  auto [a, b] = pipe();
  pollfd entry{b.fd(), POLLIN, 0};
  CHECK(::poll(&entry, 1, 0) == 0);
  a.send(1);
  CHECK(::poll(&entry, 1, 0) == 1);
}
