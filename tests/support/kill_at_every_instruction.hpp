#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/process/process.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

/// One operation of a process, killed with SIGKILL after its first instruction, after its second, ... and after its
/// last.
///
///     TEST_CASE("a put killed at any instruction has put its item or not") {
///       kill_at_every_instruction({.operation = "put of an int"}, [](victim& victim) {
///         queue<int> q;
///         victim.run([](marks marks, queue<int> q) {                  // a process of its own
///           q.put(1);                                                 // what happens before, at least once the same
///           marks.around([&] { q.put(2); });                          // the operation
///         }, q);                                                      // returns once that process is dead
///         const bool is_put = q.size() == 2;                          // what the survivors see, and that they go on
///         ...
///         return is_put ? outcome::done : outcome::not_yet;
///       });
///     }
///
/// The function runs once for each instruction, with everything made anew. The victim should have done the same thing
/// before the marks: else the dynamic linker's work for each first call is stepped through as well.
///
/// Environment, beside what a test program always knows:
/// - TROUPE_EVERY_INSTRUCTION=1: every single step, but those of a loop's body after its first thousand. It takes
///   minutes; raise TROUPE_TEST_LIMIT. Otherwise as many of these as the test says, evenly, and all near the commit.
/// - TROUPE_KILL_OFFSET=n: where the even steps begin. Otherwise at random, and reported.
/// - TROUPE_KILL_STEP=k: only there. A failure names its step.
namespace troupe::test {

/// What the survivors found of the operation.
enum class outcome : std::uint8_t {
  not_yet,  ///< it never happened
  done,     ///< it happened
  unknown,  ///< only the victim could tell
};

/// In the victim: where the operation begins and ends.
class marks {
 public:
  marks() = default;
  explicit marks(unique_fd gate) noexcept : gate_{std::move(gate)} {}

  template <class Operation>
  void around(Operation&& operation) {
    begin();
    std::forward<Operation>(operation)();
    end();
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value)
      archive.save_handle(gate_.get());
    else
      arrive(archive.load_handle());
  }

 private:
  void arrive(unique_fd gate) noexcept;
  void begin();  // waits until somebody traces us: from there on a trap is no accident
  static void end();

  unique_fd gate_;
};

/// How far one operation is followed.
struct followed {
  std::string_view operation;  ///< for the report
  /// Each run takes the same steps: nobody else works on the same thing meanwhile. Then what happened by step k has
  /// happened by every later step, and that is checked.
  bool repeatable = true;
  /// The operation ends asleep in a system call, waiting for others.
  bool falls_asleep = false;
  /// About how many steps are tried unless all are asked for; fewer where each run takes long.
  std::size_t kills = 1500;
};

class sweep;

/// In the test: the process that is killed. One for each run.
class victim {
 public:
  /// Runs `body(marks, arguments...)` as a troupe::process, steps through what the marks are around, and kills it.
  /// Returns when every survivor can know. Call once, in the thread of the test.
  template <class Body, class... Args>
  void run(Body&& body, Args&&... arguments) {
    process subject{process_options{.name = "victim"}, std::forward<Body>(body), marks{make_gate()},
                    std::forward<Args>(arguments)...};
    run_and_kill(subject);
  }

 private:
  friend class sweep;
  explicit victim(sweep& plan) noexcept : plan_{plan} {}
  unique_fd make_gate();
  void run_and_kill(process& subject);

  sweep& plan_;
  unique_fd gate_;
};

/// Runs the test for every instruction; fails it if what happened unhappens at a later one, or if this process or the
/// fork server holds more afterwards than before. Prints one line: steps, kills, and where the operation commits.
/// Where tracing is impossible it says so, and returns false.
bool kill_at_every_instruction(const followed& what, const std::function<outcome(victim&)>& test);

}  // namespace troupe::test
