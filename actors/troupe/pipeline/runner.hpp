#pragma once

#include "troupe/actor/system.hpp"
#include "troupe/pipeline/assignment.hpp"
#include "troupe/pipeline/options.hpp"
#include "troupe/pipeline/payload.hpp"
#include "troupe/pipeline/stage_stats.hpp"

#include <memory>
#include <vector>

namespace troupe::pipeline {

/// The side of a run that is in the calling thread: feeds the source's items to the driver, reports progress, waits for
/// the end. One run, one object, one thread.
class runner {
 public:
  /// Starts the driver. `what` may refer to what the caller owns: nothing of it is used after this object's end.
  runner(system& home, assignment what, const run_options& options);
  runner(const runner&) = delete;
  runner& operator=(const runner&) = delete;
  /// Abandons a run that was not finished: its workers are killed, and their ends awaited.
  /// In a copy that fork() made it does nothing.
  ~runner();

  /// Blocks until one more item may be fed. False if the run has ended: `finish` says why.
  [[nodiscard]] bool wait_for_room();
  void feed(payload item);
  /// The source has ended: waits for the end of the run. Throws what went wrong.
  [[nodiscard]] std::vector<stage_stats> finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace troupe::pipeline
