// Pipes of which one side is killed at any instruction.
#include "support/catch.hpp"
#include "support/kill_at_every_instruction.hpp"
#include "support/stepped_process.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"

#include <future>
#include <stdexcept>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr auto soon = std::chrono::seconds{20};  // for what survivors can do at once

std::string large(char letter) { return std::string(std::size_t{1} << 20, letter); }

/// All messages up to the end of the stream, which must come.
template <class T>
std::vector<T> received(connection& end) {
  std::vector<T> messages;
  try {
    while (auto message = end.try_recv_for<T>(soon)) messages.push_back(std::move(*message));
    throw std::runtime_error{"the end of the stream does not come"};
  } catch (const error& e) {
    if (e.code() != errc::end_of_stream) throw;
  }
  return messages;
}

/// Whether sending ends as it must, once nobody can receive any more.
template <class T>
bool is_broken(connection& end, const T& message) {
  try {
    while (end.try_send_for(message, soon)) {  // how much a pipe still takes is its own affair
    }
    return false;
  } catch (const error& e) {
    return e.code() == errc::broken_pipe;
  }
}

outcome as_outcome(bool done) { return done ? outcome::done : outcome::not_yet; }

}  // namespace

TEST_CASE("a message whose sender is killed at any instruction came or did not, and then the stream ends",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "send of an int"}, [](victim& victim) {
    auto [ours, theirs] = pipe();
    victim.run(
        [](marks marks, connection out) {
          out.send(1);
          marks.around([&] { out.send(2); });
        },
        std::move(theirs));
    const auto messages = received<int>(ours);
    const bool sent = messages.size() == 2;
    REQUIRE(messages == (sent ? std::vector{1, 2} : std::vector{1}));
    REQUIRE(is_broken(ours, 3));
    return as_outcome(sent);
  });
}

TEST_CASE("a receiver killed at any instruction breaks the pipe, and what it had sent still comes",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "recv of an int"}, [](victim& victim) {
    auto [ours, theirs] = pipe();
    for (const int message : {1, 2, 3}) ours.send(message);
    victim.run(
        [](marks marks, connection in) {
          in.send(in.recv<int>());
          marks.around([&] { (void)in.recv<int>(); });
        },
        std::move(theirs));
    REQUIRE(received<int>(ours) == std::vector{1});
    REQUIRE(is_broken(ours, 4));
    return outcome::unknown;
  });
}

TEST_CASE("a large message whose sender is killed at any instruction comes whole or not at all",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "send of 1 MiB", .repeatable = false, .kills = 60}, [](victim& victim) {
    auto [ours, theirs] = pipe();
    auto receiver = std::async(std::launch::async, [&end = ours] { return received<std::string>(end); });
    victim.run(
        [](marks marks, connection out) {
          const std::string message = large('2');
          out.send(std::string{"1"});
          marks.around([&] { out.send(message); });
        },
        std::move(theirs));
    const auto messages = receiver.get();
    REQUIRE((messages.size() == 1 || messages.size() == 2));
    REQUIRE(messages.front() == "1");
    const bool sent = messages.size() == 2;
    if (sent) REQUIRE(messages.back() == large('2'));
    REQUIRE(is_broken(ours, 3));
    return as_outcome(sent);
  });
}

TEST_CASE("a sender of large messages hears of it when its receiver is killed at any instruction",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "recv of 1 MiB", .repeatable = false, .kills = 40}, [](victim& victim) {
    auto [ours, theirs] = pipe();
    auto sender = std::async(std::launch::async, [&end = ours] { return is_broken(end, large('m')); });
    victim.run(
        [](marks marks, connection in) {
          in.send(static_cast<int>(in.recv<std::string>().size()));
          marks.around([&] { (void)in.recv<std::string>(); });
        },
        std::move(theirs));
    REQUIRE(sender.get());
    REQUIRE(received<int>(ours) == std::vector{1 << 20});
    return outcome::unknown;
  });
}

TEST_CASE("a receiver killed at any instruction of falling asleep on an empty pipe breaks it", "[every_instruction]") {
  kill_at_every_instruction({.operation = "recv from an empty pipe", .falls_asleep = true, .kills = 500},
                            [](victim& victim) {
                              auto [ours, theirs] = pipe();
                              ours.send(1);
                              victim.run(
                                  [](marks marks, connection in) {
                                    in.send(in.recv<int>());
                                    marks.around([&] { (void)in.recv<int>(); });
                                  },
                                  std::move(theirs));
                              REQUIRE(received<int>(ours) == std::vector{1});
                              REQUIRE(is_broken(ours, 2));
                              return outcome::unknown;
                            });
}

TEST_CASE("a sender killed at any instruction of falling asleep on a full pipe ends it after what was sent",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "send into a full pipe", .falls_asleep = true, .kills = 500},
                            [](victim& victim) {
                              auto [ours, theirs] = pipe();
                              victim.run(
                                  [](marks marks, connection out) {
                                    const std::string message(1000, 'm');
                                    while (out.try_send(message)) {
                                    }
                                    marks.around([&] { out.send(message); });
                                  },
                                  std::move(theirs));
                              const auto messages = received<std::string>(ours);
                              REQUIRE_FALSE(messages.empty());
                              for (const auto& message : messages) REQUIRE(message == std::string(1000, 'm'));
                              REQUIRE(is_broken(ours, std::string{"m"}));
                              return outcome::unknown;
                            });
}

TEST_CASE("a receiver asleep gets the message of a sender killed at any instruction, or the end of the stream",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "send to a sleeping receiver", .kills = 800}, [](victim& victim) {
    auto [ours, theirs] = pipe();
    process receiver{[](connection in) {
                       const auto messages = received<int>(in);
                       return messages == std::vector{2} ? 2 : static_cast<int>(messages.size());
                     },
                     std::move(ours)};
    receiver.start();
    victim.run(
        [](marks marks, connection out, int sleeper) {
          auto [a, b] = pipe();
          a.send(1);
          wait_until_asleep(sleeper);
          marks.around([&] { out.send(2); });
        },
        std::move(theirs), *receiver.pid());
    REQUIRE(receiver.try_join_for(soon));
    const bool sent = receiver.exit_code() == 2;
    if (!sent) REQUIRE(receiver.exit_code() == 0);
    return as_outcome(sent);
  });
}

TEST_CASE("a pipe that its owner closes, killed at any instruction, ends for the other side", "[every_instruction]") {
  kill_at_every_instruction({.operation = "close of a pipe"}, [](victim& victim) {
    auto [ours, theirs] = pipe();
    victim.run(
        [](marks marks, connection end) {
          auto [a, b] = pipe();
          a.close();
          end.send(1);
          marks.around([&] { end.close(); });
        },
        std::move(theirs));
    REQUIRE(received<int>(ours) == std::vector{1});
    REQUIRE(is_broken(ours, 2));
    return outcome::unknown;
  });
}

TEST_CASE("a handle in a message whose sender is killed at any instruction arrives with it or not at all",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "send of a pipe's end", .kills = 500}, [](victim& victim) {
    auto [ours, theirs] = pipe();
    auto [near, far] = pipe();
    victim.run(
        [](marks marks, connection out, connection cargo) {
          auto [a, b] = pipe();
          out.send(a);
          marks.around([&] { out.send(cargo); });
        },
        std::move(theirs), std::move(far));
    REQUIRE(ours.try_recv_for<connection>(soon).has_value());
    auto messages = received<connection>(ours);
    const bool sent = !messages.empty();
    if (sent) {
      near.send(5);
      REQUIRE(messages.front().try_recv_for<int>(soon) == 5);
      messages.clear();
    }
    REQUIRE(is_broken(near, 6));  // its only other end is closed, or died with the sender
    return as_outcome(sent);
  });
}
