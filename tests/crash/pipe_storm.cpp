// Pipes whose ends are held by processes that are killed, stopped and let go on at random.
#include "bystander.hpp"
#include "support/catch.hpp"
#include "support/footprint.hpp"
#include "support/proven_item.hpp"
#include "support/shared.hpp"
#include "support/storm.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::size_t pairs = 3;  // the partners of a pair have places 2n and 2n+1, and are its sides 0 and 1
constexpr std::size_t blows_of_a_round = 40;

/// What a pair said to each other; outlives the killed. Each writes a thing down right after it happened.
struct conversation {
  struct side {
    std::atomic<std::uint64_t> sent;
    std::atomic<std::uint64_t> received;
  };
  std::array<side, 2> sides;
  std::atomic<std::uint64_t> faults;  // a message that is not the next one, or another error than the right one
};

std::size_t size_of_message(std::uint64_t sequence) {
  const std::uint64_t random = mixed(sequence + 1);
  const std::uint64_t size = random >> 32U;
  if (random % 256 == 0) return size % 2'000'000;  // larger than the ring
  if (random % 16 == 1) return size % 140'000;     // in one frame, or in several
  return size % (random % 4 == 2 ? 5'000 : 64);
}

void send_until_broken(connection& end, conversation& notes, std::uint32_t side) {
  try {
    for (std::uint64_t next = 0;; ++next) {
      end.send(proven_item::make(side, next, size_of_message(next)));
      notes.sides[side].sent = next + 1;
    }
  } catch (const error& e) {
    if (e.code() != errc::broken_pipe) ++notes.faults;
  }
}

void receive_until_ended(connection& end, conversation& notes, std::uint32_t side) {
  try {
    for (std::uint64_t next = 0;; ++next) {
      const auto item = end.recv<proven_item>();
      if (!item.is_whole() || item.maker != 1 - side || item.sequence != next) ++notes.faults;
      notes.sides[side].received = next + 1;
    }
  } catch (const error& e) {
    if (e.code() != errc::end_of_stream) ++notes.faults;
  }
}

/// Sends and receives as fast as it can, until the partner is dead.
int converse(connection end, shared<conversation> notes, std::uint32_t side) {
  std::thread sender{[&] { send_until_broken(end, *notes, side); }};
  receive_until_ended(end, *notes, side);
  sender.join();
  return 0;
}

/// The pairs of a storm, and what they did.
class crowd {
 public:
  explicit crowd(storm& storm) : storm_{storm} {
    for (std::size_t pair = 0; pair < pairs; ++pair) start(pair);
  }

  void weather_a_blow() {
    const auto killed = storm_.blow();
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const auto is_killed = [&](std::size_t side) {
        return std::count(killed.begin(), killed.end(), 2 * pair + side) != 0;
      };
      if (!is_killed(0) && !is_killed(1)) continue;
      if (is_killed(0) && is_killed(1))
        both_died(pair);
      else
        one_survived(pair, is_killed(0) ? 1 : 0);
      start(pair);
    }
  }

  /// Returns once everybody has sent and received something.
  void wait_for_progress() {
    storm_.all_go_on();
    for (const auto& notes : notes_)
      for (const auto& side : notes->sides) {
        const std::uint64_t sent = side.sent;
        const std::uint64_t received = side.received;
        while (side.sent == sent || side.received == received) storm_.watch();
      }
  }

  void end() {
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      storm_.kill({2 * pair});
      one_survived(pair, 1);
    }
  }

  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::uint64_t survivors() const noexcept { return survivors_; }

 private:
  void start(std::size_t pair) {
    notes_[pair] = shared<conversation>::make();
    auto [first, second] = pipe();
    storm_.start(2 * pair, process{converse, std::move(first), notes_[pair], 0U});
    storm_.start(2 * pair + 1, process{converse, std::move(second), notes_[pair], 1U});
  }

  void one_survived(std::size_t pair, std::size_t side) {
    REQUIRE(storm_.wait_for_end(2 * pair + side) == 0);
    const auto& survivor = notes_[pair]->sides[side];
    const auto& dead = notes_[pair]->sides[1 - side];
    REQUIRE(survivor.received >= dead.sent);
    REQUIRE(survivor.received <= dead.sent + 1);  // it was killed between a send and its note
    REQUIRE(dead.received <= survivor.sent);
    count(pair);
    ++survivors_;
  }

  void both_died(std::size_t pair) {
    const auto& sides = notes_[pair]->sides;
    REQUIRE(sides[0].received <= sides[1].sent + 1);
    REQUIRE(sides[1].received <= sides[0].sent + 1);
    count(pair);
  }

  void count(std::size_t pair) {
    REQUIRE(notes_[pair]->faults == 0);
    for (const auto& side : notes_[pair]->sides) received_ += side.received;
  }

  storm& storm_;
  std::array<shared<conversation>, pairs> notes_;
  std::uint64_t received_ = 0;
  std::uint64_t survivors_ = 0;
};

}  // namespace

TEST_CASE("in a storm of kills and stops all that was sent through a pipe arrives, then its survivor is told",
          "[storm]") {
  process{[] {}}.start();  // what the first process leaves behind, stays
  const footprint before = footprint::now();
  {
    storm storm{"pipe storm", 2 * pairs};
    bystander stopped;
    crowd everybody{storm};
    while (!storm.is_over()) {
      for (std::size_t i = 0; i < blows_of_a_round; ++i) everybody.weather_a_blow();
      everybody.wait_for_progress();
    }
    everybody.end();
    stopped.go_on_and_end();
    storm.report(std::to_string(everybody.received()) + " messages received, 0 lost or doubled, "
                 + std::to_string(everybody.survivors()) + " survivors told");
  }
  const footprint after = footprint::settled_within(before);
  INFO("before there were " << before << ", afterwards there are " << after);
  CHECK(after.is_within(before));
}
