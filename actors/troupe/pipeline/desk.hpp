#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/pipeline/progress.hpp"
#include "troupe/pipeline/stage_stats.hpp"

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace troupe::pipeline {

/// How a run ended.
struct outcome {
  std::vector<stage_stats> stats{};
  std::exception_ptr error{};                                  ///< null: naturally
  std::vector<std::shared_ptr<worker_process::home>> homes{};  ///< processes that were told to end
};

/// Where the thread in `run` and the driver meet: the thread waits here for room for one more item, for news, and for
/// the end. Thread-safe; one thread waits.
/// 1. `room_` is how many more items the thread may feed: it starts at the pipeline's capacity, an item takes one, and
/// the
///    driver gives it back when the item is folded or dropped. So the items on their way never exceed the capacity.
/// 2. `outcome_` is set once and never changes until it is taken.
/// SYNC "over": what the driver did before `end` happens-before the return of a wait with `signal::over`, by the mutex.
class desk {
 public:
  enum class signal {
    room,  ///< one more item may be fed: it is taken from the room
    over,  ///< the run has ended
    news,  ///< there is progress to take
    late,  ///< the limit passed
  };

  explicit desk(std::size_t room) noexcept : room_{room} {}

  // The thread in `run`.
  [[nodiscard]] signal wait_for_room(deadline limit);
  [[nodiscard]] signal wait_for_end(deadline limit);
  [[nodiscard]] std::optional<progress> take_news();
  /// After `signal::over`, once.
  [[nodiscard]] outcome take_outcome();
  /// Any thread.
  [[nodiscard]] bool is_over();

  // The driver.
  void give_back();
  void post(progress news);
  /// The first call counts.
  void end(outcome how);

 private:
  template <class Ready>
  void wait(std::unique_lock<std::mutex>& lock, deadline limit, Ready ready);

  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::size_t room_;
  std::optional<outcome> outcome_;
  std::optional<progress> news_;
};

}  // namespace troupe::pipeline
