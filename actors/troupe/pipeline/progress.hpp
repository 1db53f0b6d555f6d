#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// A worker process of a running pipeline, as `progress` shows it. A value that stays safe to use when the worker, or
/// the whole run, has ended: it never means another process that was given the same pid.
class worker_process {
 public:
  class home;  // the process

  worker_process(std::string step, std::shared_ptr<home> where) noexcept;
  [[nodiscard]] const std::string& step() const noexcept { return step_; }  ///< the first step that it carries out
  [[nodiscard]] int pid() const;
  /// Sends SIGKILL; nothing happens if it has ended. The pipeline goes on without it and replaces it.
  void kill() const;

 private:
  std::string step_;
  std::shared_ptr<home> where_;
};

/// How far a pipeline is.
struct progress {
  struct stage {
    std::string name{};
    std::uint64_t items = 0;  ///< results so far
    std::size_t queue = 0;    ///< items waiting for it or in its workers' hands
  };

  std::chrono::nanoseconds elapsed{0};
  std::uint64_t pulled = 0;               ///< items taken from the source
  std::uint64_t finished = 0;             ///< of these: folded or dropped
  std::optional<std::uint64_t> total{};   ///< items that the source has, if it knows
  std::vector<stage> steps{};             ///< in order; of fused steps each
  std::vector<worker_process> workers{};  ///< those that live
};

}  // namespace troupe
