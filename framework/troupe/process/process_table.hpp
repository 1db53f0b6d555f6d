#pragma once

#include "troupe/memory/region.hpp"
#include "troupe/process/process_id.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace troupe::tree {

inline constexpr std::uint32_t slot_count = 1024;
inline constexpr std::size_t name_size = 64;
using process_name = std::array<char, name_size>;  ///< zero terminated

[[nodiscard]] process_name make_process_name(std::string_view text) noexcept;  ///< cut to fit
[[nodiscard]] std::string_view text_of(const process_name& name) noexcept;

/// The values of `slot::state`.
enum slot_state : std::uint32_t {
  unused,  ///< never used
  live,    ///< its process runs
  dead,    ///< its process ended; exit_status is valid
};

/// One row of the process table, in shared memory. Drawn in docs/layout.md.
///
/// Written by the fork server alone, except `interrupts` (anybody), `released` (the parent) and `inbox` (the process
/// itself). A row goes unused -> live -> dead -> live (with the next generation) ...; it is reused only once `released`
/// is set or the parent is dead. Commit points: of a start, the store of `live`; of a death, the store of `dead`, after
/// `exit_status`. Readers load `state`, then the rest, then compare `generation` with the one they ask about.
struct alignas(128) slot {
  std::atomic<std::uint32_t> state{unused};  // slot_state; futex for joiners
  std::atomic<std::uint32_t> generation{0};
  std::atomic<std::int32_t> pid{0};
  std::atomic<std::int32_t> exit_status{0};  // N, or -signal
  std::atomic<std::uint32_t> parent_slot{0};
  std::atomic<std::uint32_t> parent_generation{0};
  std::atomic<std::uint32_t> released{0};    // 1: the parent wants to know nothing more
  std::atomic<std::uint32_t> interrupts{0};  // futex: bumped on every death in the tree
  std::atomic<std::uint32_t> inbox{0};       // the generation whose inbox is ready
  process_name name{};                       // written before `live`
};
static_assert(sizeof(slot) == 128 && std::is_standard_layout_v<slot>);

/// The table itself: the front of the control memory that every process of the tree maps; the inboxes follow.
class process_table {
 public:
  /// Makes the control memory of a new tree.
  [[nodiscard]] static process_table create();

  [[nodiscard]] slot& at(std::uint32_t index) const noexcept { return slots_[index]; }
  [[nodiscard]] slot& at(process_id id) const noexcept { return slots_[id.slot]; }
  /// Whether `id` is certainly not running: proven by the fork server's wait, never guessed.
  [[nodiscard]] bool is_dead(process_id id) const noexcept;
  /// Whether the row still speaks of `id`.
  [[nodiscard]] bool holds(process_id id) const noexcept;
  /// "process bank (pid 42)", for error texts.
  [[nodiscard]] std::string describe(process_id id) const;
  [[nodiscard]] int fd() const noexcept { return memory_->fd(); }

  /// Fork server only: claims a free row for a child of `parent`; nobody if the table is full.
  process_id claim(process_id parent, std::string_view name) const;
  /// Fork server only: publishes the end of `id` and wakes everybody in the tree who waits for anything.
  void bury(process_id id, int exit_status) const;

  /// The memory of the inbox of one process, mapped.
  [[nodiscard]] memory::region map_inbox(std::uint32_t index) const;

 private:
  explicit process_table(memory::region memory);

  std::shared_ptr<const memory::region> memory_;  // copies of a table are the same table
  slot* slots_;
};

/// "was killed by signal 9", "exited with code 3".
[[nodiscard]] std::string describe_exit(int exit_status);

}  // namespace troupe::tree
