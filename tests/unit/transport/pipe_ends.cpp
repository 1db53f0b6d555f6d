// Who owns an end of a pipe, how it moves, and how threads share it.
#include "support/catch.hpp"
#include "support/pipe_memory.hpp"
#include "troupe/pipe.hpp"
#include "troupe/transport/pipe_end.hpp"
#include "troupe/wait.hpp"

#include <array>
#include <atomic>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace std::chrono_literals;
using test::end_on_its_way;
using test::pipe_memory;

namespace {

constexpr auto soon = 20s;  // for what can be done at once, or at the next look of who sleeps

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

template <class F>
bool fails_with(errc expected, F f) {
  try {
    f();
    return false;
  } catch (const error& e) {
    return e.code() == expected;
  }
}

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span{text}); }

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_readable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

std::atomic<bool> arriving{false};
std::atomic<bool> go_on{false};

/// A message that keeps who receives it.
struct slow_to_arrive {
  void serialize(wire::save_archive&, unsigned) {}
  void serialize(wire::load_archive&, unsigned) {
    arriving = true;
    while (!go_on) std::this_thread::yield();
  }
};

rlimit usual_limit{};

/// A message that has its receiver's limit lifted once it is there: the sanitizers need descriptors, too.
struct ends_limit {
  connection end;
  void serialize(wire::save_archive& archive, unsigned) { archive << end; }
  void serialize(wire::load_archive& archive, unsigned) {
    if (::setrlimit(RLIMIT_NOFILE, &usual_limit) != 0) std::terminate();
    archive >> end;
  }
};

}  // namespace

// -- one owner -------------------------------------------------------------------------------------------------------

TEST_CASE("of two copies of one end the second to arrive is refused") {
  auto [near, far] = pipe();
  end_on_its_way message{far};
  auto first = message.arrive();
  message.sent();
  const auto text = message_of(errc::endpoint_in_use, [&] { (void)message.arrive(); });
  CHECK_THAT(text, test::contains("has an owner already, process " + std::to_string(::getpid())));
  const end_on_its_way further{first};
  CHECK_THAT(message_of(errc::endpoint_in_use, [&] { (void)message.arrive(); }), test::contains("on its way to one"));
  first.send(1);
  CHECK(near.recv<int>() == 1);  // the refused copy has closed nothing
}

TEST_CASE("a forked copy of an end is refused, and its end is not the end of the pipe") {
  auto [a, b] = pipe();
  const ::pid_t child = ::fork();
  if (child == 0) {
    const bool refused = fails_with(errc::endpoint_in_use, [&end = a] { end.send(1); })
                         && fails_with(errc::endpoint_in_use, [&end = b] { (void)end.try_recv<int>(); })
                         && fails_with(errc::endpoint_in_use, [&end = b] { (void)end.fd(); })
                         && fails_with(errc::endpoint_in_use, [&end = b] { end_on_its_way{end}.sent(); });
    a.close();
    b = connection{};
    ::_exit(refused ? 0 : 1);
  }
  REQUIRE(child > 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  a.send(2);
  CHECK(b.recv<int>() == 2);
  b.send(3);
  CHECK(a.recv<int>() == 3);
}

// -- moving ----------------------------------------------------------------------------------------------------------

TEST_CASE("a moved end goes on where its last owner stopped, with what was only looked at") {
  auto [near, far] = pipe();
  for (const char* text : {"one", "two", "three"}) near.send_bytes(bytes(text));
  far.send(1);
  CHECK(text_of(far.peek()) == "one");
  far.release();
  CHECK(text_of(far.peek()) == "two");
  auto [a, b] = pipe();
  a.send(far);
  auto moved = b.recv<connection>();
  CHECK(text_of(moved.recv_bytes()) == "two");
  CHECK(text_of(moved.recv_bytes()) == "three");
  moved.send(2);
  CHECK(near.recv<int>() == 1);
  CHECK(near.recv<int>() == 2);
}

TEST_CASE("an end can be sent through itself: who had the other one has both then") {
  auto [a, b] = pipe();
  a.send(1);
  a.send(a);
  CHECK_FALSE(a.is_open());
  CHECK(b.recv<int>() == 1);
  auto arrived = b.recv<connection>();
  arrived.send(2);
  CHECK(b.try_recv_for<int>(soon) == 2);
  b.send(3);
  CHECK(arrived.try_recv_for<int>(soon) == 3);
}

TEST_CASE("an end moves while a message waits in it, but not once a part of that was taken out of the pipe") {
  const auto text = [](connection& end) { return message_of(errc::invalid_argument, [&] { end_on_its_way{end}; }); };
  auto [near, far] = pipe();
  near.send(1);
  REQUIRE(far.poll());
  auto [a, b] = pipe();
  a.send(far);
  auto moved = b.recv<connection>();
  CHECK(moved.recv<int>() == 1);

  // Its descriptors are here already.
  auto [cargo, other] = pipe();
  near.send(cargo);
  REQUIRE(moved.poll());
  CHECK_THAT(text(moved), test::contains("receive it first"));
  auto unpacked = moved.recv<connection>();

  // Put together here.
  std::thread sender{[&end = near] { end.send(std::string(1'000'000, 'x')); }};
  REQUIRE(moved.poll(soon));
  CHECK_THAT(text(moved), test::contains("receive it first"));
  sender.join();
  CHECK(moved.recv<std::string>().size() == 1'000'000);
  a.send(moved);
  auto again = b.recv<connection>();
  near.send(2);
  CHECK(again.recv<int>() == 2);
}

TEST_CASE("an end that got lost in a message that nobody took ends the pipe for the other side") {
  for (const bool waits_for_many : {false, true}) {
    auto [near, far] = pipe();
    auto [a, b] = pipe();
    CHECK_FALSE(near.poll());  // the first look looks for a hang-up, too
    a.send(far);
    a.close();
    b.close();
    if (waits_for_many) CHECK(try_wait_for({near}, soon) == std::vector<std::size_t>{0});
    message_of(errc::end_of_stream, [&end = near] { (void)end.try_recv_for<int>(soon); });
    message_of(errc::broken_pipe, [&end = near] { end.send(1); });
  }
}

TEST_CASE("an end is refused on arrival if its memory says what no owner says") {
  const auto arrival = [](auto spoil) {
    auto [near, far] = pipe();
    const end_on_its_way message{far};
    spoil(pipe_memory{near});
    return message_of(errc::malformed, [&] { (void)message.arrive(); });
  };
  CHECK_THAT(arrival([](const pipe_memory& m) { m.layout().magic ^= 1; }), test::contains("no pipe of this version"));
  CHECK_THAT(arrival([](const pipe_memory& m) { ++m.layout().version; }), test::contains("no pipe of this version"));
  const auto no_place = test::contains("a place where no frame can begin");
  CHECK_THAT(arrival([](const pipe_memory& m) { m.direction(1).written = 4; }), no_place);
  CHECK_THAT(arrival([](const pipe_memory& m) { m.direction(0).released = 3; }), no_place);
  CHECK_THAT(arrival([](const pipe_memory& m) { m.direction(1).released = 8; }), no_place);
  CHECK_THAT(arrival([](const pipe_memory& m) { m.direction(1).written = transport::pipe_ring_bytes; }), no_place);
}

TEST_CASE("a message carries up to 250 descriptors, and then is refused before anything is sent") {
  auto [a, b] = pipe();
  std::vector<connection> ends;
  for (int i = 0; i < 63; ++i) {
    auto [one, two] = pipe();
    ends.push_back(std::move(one));
    ends.push_back(std::move(two));
  }
  CHECK_THAT(message_of(errc::message_too_large, [&end = a, &ends] { end.send(ends); }),
             test::contains("more than 250 handles"));
  CHECK(ends.front().is_open());
  ends.pop_back();
  a.send(ends);
  CHECK_FALSE(ends.front().is_open());
  auto arrived = b.recv<std::vector<connection>>();
  REQUIRE(arrived.size() == 125);
  arrived[0].send(7);
  CHECK(arrived[1].recv<int>() == 7);
}

TEST_CASE("descriptors that this process has no room for are an error that says so, and the pipe goes on") {
  auto [a, b] = pipe();
  auto [near, far] = pipe();
  ends_limit cargo{std::move(far)};
  a.send(cargo);
  a.send(1);
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual_limit) == 0);
  rlimit none = usual_limit;
  none.rlim_cur = static_cast<rlim_t>(unique_fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)}.get());
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  std::error_code code;
  std::string text;
  try {
    (void)b.recv<ends_limit>();
  } catch (const error& e) {
    code = e.code();
    text = e.what();
  }
  CHECK(code == std::errc::too_many_files_open);
  CHECK_THAT(text, test::contains("more descriptors than this process may open"));
  CHECK(b.recv<int>() == 1);
  message_of(errc::end_of_stream, [&end = near] { (void)end.try_recv_for<int>(soon); });
}

// -- in place --------------------------------------------------------------------------------------------------------

TEST_CASE("a message can be written and read where it lies") {
  auto [a, b] = pipe();
  const std::string longest(connection::longest_in_place(), 'l');
  for (const std::string& text : {std::string{"short"}, std::string{}, longest}) {
    const auto room = a.reserve(text.size() + (text.size() < longest.size() ? 10 : 0));
    std::memcpy(room.data(), text.data(), text.size());
    CHECK_FALSE(b.poll());
    a.commit(text.size());
    CHECK(text_of(b.peek()) == text);
    CHECK(text_of(b.peek()) == text);
    b.release();
    CHECK_FALSE(b.poll());
  }
  message_of(errc::message_too_large, [&end = a] { (void)end.reserve(connection::longest_in_place() + 1); });
}

TEST_CASE("committing what was not reserved is refused") {
  auto [a, b] = pipe();
  message_of(errc::invalid_argument, [&end = a] { end.commit(1); });
  (void)a.reserve(10);
  message_of(errc::invalid_argument, [&end = a] { end.commit(11); });
  a.send(1);  // forgets the room
  message_of(errc::invalid_argument, [&end = a] { end.commit(10); });
  (void)a.reserve(10);
  a.commit(5);
  message_of(errc::invalid_argument, [&end = a] { end.commit(5); });
  CHECK(b.recv<int>() == 1);
  CHECK(b.recv_bytes().size() == 5);
  CHECK_FALSE(b.poll());
}

// -- being watched ---------------------------------------------------------------------------------------------------

TEST_CASE("a watched end is readable while a message is there, and at the end of the stream") {
  auto [a, b] = pipe();
  const int fd = b.fd();
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(is_readable(fd));
    a.send(i);
    a.send(i);
    CHECK(is_readable(fd));
    CHECK(b.recv<int>() == i);
    CHECK(is_readable(fd));
    CHECK(b.recv<int>() == i);
  }
  auto [cargo, other] = pipe();
  a.send(cargo);
  CHECK(is_readable(fd));
  (void)b.recv<connection>();
  CHECK_FALSE(is_readable(fd));
  a.close();
  CHECK(is_readable(fd));
  message_of(errc::end_of_stream, [&end = b] { (void)end.recv<int>(); });
  CHECK(is_readable(fd));
}

TEST_CASE("a watched end tells of the end of the stream even while a forked copy holds the other one") {
  auto [a, b] = pipe();
  const int fd = b.fd();
  std::array<int, 2> hold{};
  REQUIRE(::pipe2(hold.data(), O_CLOEXEC) == 0);
  unique_fd held{hold[0]};
  unique_fd holding{hold[1]};
  const ::pid_t child = ::fork();
  if (child == 0) {
    holding.reset();
    char nothing = 0;
    (void)!::read(held.get(), &nothing, 1);
    ::_exit(0);
  }
  REQUIRE(child > 0);
  a.close();
  CHECK(is_readable(fd));
  message_of(errc::end_of_stream, [&end = b] { (void)end.recv<int>(); });
  CHECK(is_readable(fd));
  holding.reset();
  REQUIRE(::waitpid(child, nullptr, 0) == child);
}

// -- threads ---------------------------------------------------------------------------------------------------------

TEST_CASE("a wake is seen by who announced himself before it, whoever announces himself after it") {
  auto [a, b] = transport::pipe_end::make(false);
  const auto first = b->announce_reader();
  CHECK(first.word->load() == first.seen);
  REQUIRE(a->begin_send(deadline::never()));
  a->commit_raw({});
  a->end_send();
  const auto second = b->announce_reader();
  CHECK(first.word->load() != first.seen);  // or `first` would sleep though the frame is there
  CHECK(second.word->load() == second.seen);
}

TEST_CASE("who waits learns what is there while another thread is at it, as that may take only the first of it") {
  auto [a, b] = pipe();
  a.send(slow_to_arrive{});
  arriving = false;
  go_on = false;
  std::thread other{[&end = b] { (void)end.recv<slow_to_arrive>(); }};
  while (!arriving) std::this_thread::yield();
  a.send(2);
  CHECK(try_wait({b}) == std::vector<std::size_t>{0});
  go_on = true;
  other.join();
  CHECK(b.recv<int>() == 2);
  CHECK(try_wait({b}).empty());
}

TEST_CASE("who waits learns of the end of the stream while another thread is at it") {
  auto [a, b] = pipe();
  a.send(slow_to_arrive{});
  arriving = false;
  go_on = false;
  std::thread other{[&end = b] { (void)end.recv<slow_to_arrive>(); }};
  while (!arriving) std::this_thread::yield();
  a.close();
  CHECK(try_wait({b}) == std::vector<std::size_t>{0});
  go_on = true;
  other.join();
  message_of(errc::end_of_stream, [&end = b] { (void)end.recv<int>(); });
}

TEST_CASE("threads that send and receive on one end in all ways lose nothing") {
  constexpr int each = 3'000;
  auto [a, b] = pipe();
  std::array<int, 3> received{};
  std::atomic<bool> wrong{false};
  const auto send = [&wrong, &end = a](int kind) {
    try {
      for (int i = 0; i < each; ++i) {
        if (kind == 0) end.send(i);
        if (kind == 1)
          while (!end.try_send_for(i, 1ms)) {
          }
        if (kind == 2)
          while (!end.try_send(i)) std::this_thread::yield();
      }
    } catch (...) {
      wrong = true;
    }
  };
  const auto receive = [&wrong, &end = b](int kind, int& count) {
    try {
      for (;;) {
        if (kind == 0) (void)end.recv<int>(), ++count;
        if (kind == 1) count += end.try_recv_for<int>(1ms) ? 1 : 0;
        if (kind == 2) {
          (void)wait({end});
          count += end.try_recv<int>() ? 1 : 0;
        }
      }
    } catch (const error& e) {
      if (e.code() != errc::end_of_stream) wrong = true;
    }
  };
  std::vector<std::thread> receivers;
  for (int kind = 0; kind < 3; ++kind) receivers.emplace_back(receive, kind, std::ref(received[std::size_t(kind)]));
  std::vector<std::thread> senders;
  for (int kind = 0; kind < 3; ++kind) senders.emplace_back(send, kind);
  for (auto& thread : senders) thread.join();
  a.close();
  for (auto& thread : receivers) thread.join();
  CHECK_FALSE(wrong);
  CHECK(received[0] + received[1] + received[2] == 3 * each);
}
