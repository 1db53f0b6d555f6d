#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <troupe/pipeline.hpp>

namespace word_index {

/// Kills a random worker process with SIGKILL every so often, to show that the result does not depend on who lives. It
/// waits for some progress between two kills, so that the work comes to an end however short the period is.
class chaos {
 public:
  /// Without a period it kills nobody.
  explicit chaos(std::optional<std::chrono::milliseconds> period);

  /// Called as the pipeline reports its progress: kills if it is time again.
  void strike(const troupe::progress& now);

 private:
  std::optional<std::chrono::milliseconds> period_;
  std::chrono::nanoseconds last_{0};
  std::uint64_t finished_then_ = 0;
  std::mt19937 dice_{std::random_device{}()};
};

}  // namespace word_index
