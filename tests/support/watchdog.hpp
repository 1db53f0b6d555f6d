#pragma once

#include "support/sanitizers.hpp"

#include <chrono>
#include <string_view>

namespace troupe::test {

/// Ends a test case that hangs: after the limit it names the test case on stderr and kills the whole process group.
/// What runs before the first test case, and after this object is destroyed, has the same limit.
///
/// The guard is a process of its own. So it needs no thread (a fork server must start in a single-threaded process),
/// and it works even where every thread of the test is stopped, spins, or sits in a system call with its signals
/// blocked. Construct it first in `main`: before any thread, and before anything whose file descriptors it must not
/// hold.
///
/// The constructing process becomes the leader of a process group, so that nothing else is killed with it. When that
/// process ends in any way, the guard kills what is left of the group and ends too.
class watchdog {
 public:
  using seconds = std::chrono::seconds;

  /// The limit for one test case: 60 s, ten times that under a sanitizer, or the number of seconds in
  /// `TROUPE_TEST_LIMIT`.
  [[nodiscard]] static seconds default_limit();

  explicit watchdog(seconds limit = default_limit());
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  void begin(std::string_view test_case) noexcept;  ///< the limit runs from now
  void end() noexcept;                              ///< no test case runs

 private:
  int notes_ = -1;  // the writing end of the pipe to the guard
};

}  // namespace troupe::test
