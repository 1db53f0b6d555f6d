#pragma once

#include "troupe/actor/node.hpp"
#include "troupe/pipeline/progress.hpp"

#include <mutex>
#include <utility>

namespace troupe {

/// The process of one worker, shared by the driver and whoever looks at the progress. Thread-safe.
class worker_process::home {
 public:
  explicit home(node where) : where_{std::move(where)}, pid_{where_.pid()} {}

  /// For the driver alone, before it shows this to others.
  [[nodiscard]] node& host() noexcept { return where_; }
  [[nodiscard]] int pid() const noexcept { return pid_; }
  void kill() {
    const std::scoped_lock lock{mutex_};
    where_.kill();
  }
  /// Lets it end.
  void stop() {
    const std::scoped_lock lock{mutex_};
    where_.stop();
  }
  /// Waits for its end, which must be on its way.
  void join() {
    const std::scoped_lock lock{mutex_};
    where_.join();
  }

 private:
  std::mutex mutex_;
  node where_;  // guarded by mutex_, but for `host`
  const int pid_;
};

}  // namespace troupe
