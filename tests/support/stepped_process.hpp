#pragma once

#include <cstdint>
#include <sys/types.h>

namespace troupe::test {

/// Why processes cannot be single-stepped here, in a few words; null if they can, as far as one knows before trying.
[[nodiscard]] const char* why_not_steppable() noexcept;

/// Stops a stepped process here: an instruction that only a tracer understands. Without one it ends the process.
void trap_into_tracer() noexcept;

/// In a process that will be stepped: it has half a minute from now on to get to where it is killed (an alarm(2)).
void limit_waiting() noexcept;

/// A process that this thread runs instruction by instruction, up to its death. It need not be our child.
///
/// The way of it: `seize`, `run_to_trap` to the begin of what is looked at, `step` or `run_to` from there, `kill`. What
/// is stepped is the main thread of the process. These block until it stops, which `limit_waiting` bounds; they throw
/// std::runtime_error if it reached that limit, got another signal, or ended by itself. One thread only.
class stepped_process {
 public:
  enum class stop : std::uint8_t {
    instruction,  ///< before the instruction `at()`
    trap,         ///< at the next `trap_into_tracer`
    asleep,       ///< in a system call that does not return
  };

  stepped_process() noexcept = default;
  /// Traces a running process; false if this user may not.
  [[nodiscard]] bool seize(pid_t pid);
  stepped_process(const stepped_process&) = delete;
  stepped_process& operator=(const stepped_process&) = delete;
  ~stepped_process();

  void run_to_trap();
  /// The same, wherever it is now: a system call that it sleeps in begins anew.
  void interrupt();
  /// Executes one instruction. One that repeats itself (`rep movsb`) counts each of its first rounds, then the rest at
  /// once. With `may_sleep` a system call that puts the process to sleep ends the step; otherwise it is waited for.
  stop step(bool may_sleep = false);
  /// Runs on until the instruction at `address` is next, or the trap; with `may_sleep` also until the process falls
  /// asleep, after which it can only be killed.
  stop run_to(std::uint64_t address, bool may_sleep = false);
  /// The address of the next instruction.
  [[nodiscard]] std::uint64_t at() const noexcept { return at_; }

  /// SIGKILL. Returns once the process is dead and, unless we are that, its parent was told.
  void kill() noexcept;

 private:
  void wait_for_stop();
  [[nodiscard]] bool falls_asleep();
  void read_address();
  [[nodiscard]] bool sleeps() const;
  [[nodiscard]] bool has_stopped(int options);
  [[nodiscard]] long text_at(std::uint64_t address) const;

  pid_t pid_ = 0;  // 0: none, or dead
  std::uint64_t at_ = 0;
  std::uint64_t trap_ = 0;          // where `at()` is when it has trapped
  std::uint64_t last_address_ = 0;  // of the last step, and how often it was executed in a row
  int rounds_ = 0;
};

/// Returns once the main thread of a process sleeps in the kernel. Throws std::runtime_error if it never does.
void wait_until_asleep(pid_t pid);

}  // namespace troupe::test
