#pragma once

#include "shared.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace bench {

/// What one participant saw; written by it alone, all the time, so it shares no cache line; read by the coordinator
/// once all have ended.
struct alignas(128) score {
  std::int64_t begin = 0;       ///< ns of the steady clock, which all processes share
  std::int64_t end = 0;         ///< the same
  std::int64_t cpu = 0;         ///< ns of processor time between the two, of all its threads
  std::int64_t cpu_of_all = 0;  ///< the same, since the process was started
  std::int64_t round_trip = 0;  ///< median, ns; only of the measures that need one
  std::uint64_t messages = 0;   ///< received
  std::uint64_t sent = 0;       ///< sum of all payload written
  std::uint64_t received = 0;   ///< sum of all payload read
};

/// Where the participants of a measurement meet. There is one, made before any other process.
struct scoreboard {
  static constexpr int most = 16;

  int parties = 0;                  ///< how many take part; written by the coordinator before they start
  std::atomic<int> ready;           ///< how many wait for the start
  std::atomic<int> finished;        ///< how many need their end of the transport no more
  std::atomic<int> producers_left;  ///< of a queue; the last one ends the consumers
  std::array<score, most> scores;   ///< [i] written by participant i
  std::atomic<bool> complained;     ///< claims `complaint`
  std::array<char, 256> complaint;  ///< why a participant gave up, written by the first to do so
};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

/// The scoreboard of this program. Call it once before the first other process is made: they inherit it.
[[nodiscard]] inline scoreboard& board() {
  static const shared<scoreboard> all;
  return *all;
}

}  // namespace bench
