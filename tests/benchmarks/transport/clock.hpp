#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace bench {

/// The steady clock, which is the same in all processes of a machine, in ns.
[[nodiscard]] inline std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Processor time of all threads of this process, in ns.
[[nodiscard]] inline std::int64_t cpu_time() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

/// Repeats `step` for so long, looking at the clock after every `stride` steps; returns how many steps were made.
template <class Step>
std::uint64_t run_for(double seconds, std::uint64_t stride, Step step) {
  const std::int64_t until = now() + static_cast<std::int64_t>(seconds * 1e9);
  std::uint64_t steps = 0;
  do {
    for (std::uint64_t i = 0; i < stride; ++i) step();
    steps += stride;
  } while (now() < until);
  return steps;
}

/// How many messages of this size may pass between two looks at the clock.
[[nodiscard]] inline std::uint64_t stride_for(std::uint64_t size) {
  return std::clamp<std::uint64_t>(65536 / std::max<std::uint64_t>(size, 1), 1, 32);
}

}  // namespace bench
