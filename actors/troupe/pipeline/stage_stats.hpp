#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace troupe {

/// What one part of a pipeline did: the source, a step, or the fold. Of fused steps the first bears what they share:
/// queue, retries and deaths.
struct stage_stats {
  std::string name{};
  std::string workers{};             ///< who carried it out, for a person: "4 processes"
  std::uint64_t items = 0;           ///< results; those of a worker that died before they arrived do not count
  std::chrono::nanoseconds busy{0};  ///< time spent in the user's function, summed over the workers
  std::size_t max_queue = 0;         ///< most items that were waiting for it or in its workers' hands at once
  std::uint64_t retries = 0;         ///< items that were given out again because a worker died
  std::uint64_t deaths = 0;          ///< worker processes that died
};

/// Prints a table.
std::ostream& operator<<(std::ostream& out, const std::vector<stage_stats>& stages);

/// Of all stages together.
[[nodiscard]] std::uint64_t deaths(const std::vector<stage_stats>& stages) noexcept;

}  // namespace troupe
