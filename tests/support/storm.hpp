#pragma once

#include "troupe/process.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

/// Random SIGKILL, SIGSTOP and SIGCONT on a set of processes, until its time is up.
///
/// Environment, beside what a test program always knows:
/// - TROUPE_STORM_SECONDS=n: how long it blows, instead of a few seconds. Raise TROUPE_TEST_LIMIT as well.
/// - TROUPE_STORM_SEED=n: the same blows again; how they hit is up to the scheduler. Otherwise random, and reported.
namespace troupe::test {

class storm {
 public:
  using clock = std::chrono::steady_clock;

  /// On `places` processes, none of which runs yet. Its time begins now.
  storm(std::string_view name, std::size_t places);
  storm(const storm&) = delete;
  storm& operator=(const storm&) = delete;
  /// Nobody outlives it, whatever went wrong.
  ~storm();

  [[nodiscard]] bool is_over() const { return clock::now() >= end_; }
  [[nodiscard]] std::size_t places() const noexcept { return victims_.size(); }
  /// Starts a process in a place that is empty.
  void start(std::size_t place, process subject);
  /// Waits a random while, or not at all, then hits: one random signal. Returns the places that it emptied.
  [[nodiscard]] std::vector<std::size_t> blow();
  /// SIGKILL to all of them at once. Returns when they are dead. Throws std::runtime_error if one had ended by itself;
  /// only of several one may have done so, with exit code 0, when it saw another die.
  void kill(const std::vector<std::size_t>& places);
  void kill_all();
  /// To be called while waiting for what they do. Throws std::runtime_error if a process has ended by itself.
  void watch();
  /// SIGCONT to all that are stopped.
  void all_go_on();
  /// Lets a process go on until it ends by itself, which empties its place. Returns its exit code.
  [[nodiscard]] int wait_for_end(std::size_t place);

  /// Ends the line that the constructor began: what the storm did, then `result`.
  void report(const std::string& result) const;

 private:
  struct victim {
    process subject{[] {}};
    bool stopped = false;
  };
  [[noreturn]] void throw_ended(std::size_t place);
  void stop(std::size_t place);
  void go_on(std::size_t place);
  [[nodiscard]] std::size_t any_place() { return random_() % victims_.size(); }

  std::string name_;
  std::mt19937_64 random_;
  clock::time_point end_;
  std::vector<victim> victims_;
  std::size_t kills_ = 0;
  std::size_t stops_ = 0;
};

}  // namespace troupe::test
