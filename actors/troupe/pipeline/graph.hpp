#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::pipeline {

/// What is known of one step before it runs.
struct step_info {
  std::string name{};
  std::string yields{};  ///< the type of its results
  unsigned width = 1;
  bool own_process = false;
  unsigned retries = 2;
  std::size_t window = 8;
};

/// Steps [first, last) that share their workers: an item passes through all of them in one worker, without a message in
/// between. The largest number of retries and the largest window of its steps hold for all.
struct group {
  std::size_t first = 0;
  std::size_t last = 0;
  unsigned width = 1;
  bool own_process = false;
  unsigned retries = 0;
  std::size_t window = 1;

  bool operator==(const group&) const = default;
  [[nodiscard]] std::size_t capacity() const noexcept { return width * window; }
};

/// The shape of a pipeline: pure data.
struct graph {
  std::string source{};
  std::string source_yields{};
  std::vector<step_info> steps{};
  std::string fold{};
  std::string result{};  ///< the type of what the fold makes

  /// More items than this are never on their way at once, so that no mailbox on the way overflows.
  static constexpr std::size_t most_items = 32768;

  /// Throws errc::invalid_argument if a name is empty or used twice, if a width or a window is 0, or if all windows
  /// together hold too much.
  void check() const;
  /// Neighbours are fused unless their placement or width differ.
  [[nodiscard]] std::vector<group> groups() const;
  /// How many items may be on their way at once: what all workers hold, and as many waiting for them.
  [[nodiscard]] std::size_t capacity() const;
  /// In the language of Graphviz.
  [[nodiscard]] std::string dot() const;
};

/// "1 process", "4 actors here".
[[nodiscard]] std::string describe_workers(const group& workers);

}  // namespace troupe::pipeline
