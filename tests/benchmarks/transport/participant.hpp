#pragma once

#include "placement.hpp"
#include "scoreboard.hpp"

#include <functional>

namespace bench {

/// How long one measurement may take; then the watchdog ends it.
inline constexpr unsigned watchdog_seconds = 30;

/// One process of a measurement, seen from inside. Construct it first: it pins the process and arms the watchdog.
class participant {
 public:
  participant(int index, int side, placement where);

  /// Waits until all participants are here, then starts the clock.
  void meet();
  /// Starts the clock again, after a warm-up.
  void restart();
  /// Stops the clock.
  void stop();
  /// Waits until all have stopped their clocks, so that nobody closes what another still reads from.
  void leave();

  [[nodiscard]] score& mine() { return mine_; }

 private:
  score& mine_;
  std::int64_t cpu_at_start_ = 0;
};

/// Runs `body`; what it throws is left on the scoreboard. Returns the exit code.
int guarded(const std::function<void()>& body);

}  // namespace bench
