#pragma once

#include "troupe/actor/ref.hpp"
#include "troupe/actor/system.hpp"
#include "troupe/pipeline/graph.hpp"
#include "troupe/pipeline/messages.hpp"
#include "troupe/pipeline/progress.hpp"
#include "troupe/pipeline/worker_home.hpp"
#include "troupe/pipeline/workshop.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace troupe::pipeline {

/// The workers of one group and what each has in its hands. Used by the driver alone.
/// 1. A worker has at most `window` items in its hands, and works them off in order: if it dies, the first of them is
/// the
///    one that it died of.
/// 2. A place is filled by one worker at a time; the tag's `life` tells a worker from the one before it.
class crew {
 public:
  crew(system& home, std::shared_ptr<const workshop> makes, const group& steps, std::uint32_t number, std::string name);

  /// Starts the processes of all places, so that they come up side by side. Throws errc::start_failed.
  void open();
  /// Fills a place with a new worker, which the driver is to watch. Throws errc::start_failed if there is no process to
  /// be had, errc::process_died if one worker after the other dies in this place before it has finished anything.
  [[nodiscard]] ref<worker_api> hire(std::uint32_t index, const ref<driver_api>& driver);

  /// Gives the item to the worker with the fewest in its hands. False if nobody can take it now.
  [[nodiscard]] bool give(const work& order);
  /// The item is out of the worker's hands. False if the tag is nobody's: a worker that was replaced, or bytes that
  /// lie.
  bool settle(const worker_tag& by, std::uint64_t item);
  /// The worker has ended: returns what it had in its hands, in order. Its place is free.
  [[nodiscard]] std::deque<std::uint64_t> lose(std::uint32_t index);

  [[nodiscard]] const group& steps() const noexcept { return steps_; }
  [[nodiscard]] std::size_t in_hands() const noexcept { return in_hands_; }
  [[nodiscard]] std::uint32_t places() const noexcept { return static_cast<std::uint32_t>(places_.size()); }
  void show_workers(std::vector<worker_process>& list) const;

  /// Lets all go; kills the processes of those that still work, with `at_once` of all. Returns the processes, to be
  /// waited for.
  std::vector<std::shared_ptr<worker_process::home>> dismiss(bool at_once);

 private:
  struct place {
    ref<worker_api> who{};                         // nobody: it cannot be reached, its end is on its way
    std::shared_ptr<worker_process::home> home{};  // null: in this process
    std::deque<std::uint64_t> in_hands{};
    std::uint32_t life = 0;
    unsigned fruitless = 0;  // lives in a row that ended without a finished item
  };

  void open(std::uint32_t index);
  [[nodiscard]] ref<worker_api> make(std::uint32_t index, const ref<driver_api>& driver);
  void check_fruitless(const place& one, const std::string& last) const;

  system& home_;
  const std::shared_ptr<const workshop> makes_;
  const group steps_;
  const std::uint32_t number_;
  const std::string name_;
  std::vector<place> places_;
  std::size_t in_hands_ = 0;  // of all places together
};

}  // namespace troupe::pipeline
