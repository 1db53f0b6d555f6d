#pragma once

#include "troupe/memory/region.hpp"
#include "troupe/process/process_id.hpp"
#include "troupe/process/process_options.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace troupe::tree {

inline constexpr std::uint32_t slot_count = 1024;
using process_name = std::array<char, 64>;     ///< zero terminated
using process_text = std::array<char, 256>;    ///< zero terminated
inline constexpr std::int32_t stillborn = -1;  ///< a pid: its server died before it came to be
inline constexpr int lost_exit_code = 255;     ///< nobody was there to hear it

template <std::size_t Size>
[[nodiscard]] std::string_view text_of(const std::array<char, Size>& text) noexcept {
  return {text.data(), std::char_traits<char>::length(text.data())};
}
/// Cut to fit.
template <std::size_t Size>
void assign(std::array<char, Size>& to, std::string_view text) noexcept {
  to = {};
  text.copy(to.data(), Size - 1);
}

/// The values of `slot::state`.
enum slot_state : std::uint32_t {
  unused,  ///< never used, or being prepared for the next process
  live,    ///< its process runs, or is about to
  ending,  ///< it ended, `end` is valid, and its pid is about to become free
  dead,    ///< nothing is left of it
};

/// The values of `slot::settling`: whether a child of the fork server is what its starter is.
enum settling_state : std::uint32_t {
  is_settled,
  is_settling,    ///< it is about to become that, or dies meanwhile
  cannot_settle,  ///< it cannot, and ends
};

/// How a process ended, as its kernel parent learned.
struct end_record {
  std::int32_t code = 0;  ///< N, or -signal
  std::uint32_t dumped_core = 0;
  std::uint64_t user_us = 0;
  std::uint64_t system_us = 0;
  std::uint64_t most_resident = 0;  ///< bytes
};

/// One row of the process table, in shared memory. Drawn in docs/layout.md.
///
/// A row goes unused -> live -> ending -> dead -> unused (with the next generation) -> live ...; it is reused only once
/// `released` is set or the parent is dead, and while `unused` nothing in it counts. Commit points: of a claim, the
/// store of `live`; of a birth, the exchange of `pid`; of a death, the store of `dead`, after `end`; of an answer, the
/// store of `answered`. Readers load `state`, then the rest, then compare `generation` with the one they ask about.
struct alignas(128) slot {
  // Written by the fork server, before `live`.
  std::atomic<std::uint32_t> state{
      unused};  // slot_state; by the kernel parent, when it becomes dead; futex for joiners
  std::atomic<std::uint32_t> generation{0};
  std::atomic<std::uint32_t> parent_slot{0};
  std::atomic<std::uint32_t> parent_generation{0};
  std::atomic<std::uint32_t> request{0};   // the number of the parent's request that asked for it
  std::atomic<std::uint32_t> detached{0};  // 1: it, or somebody it descends from, goes on when its parent dies
  std::atomic<std::uint16_t> daemon{0};
  std::atomic<when_orphaned> on_parent_death{when_orphaned::kill};

  std::atomic<std::int32_t> pid{0};        // 0 until born; by the process itself or the fork server, or `stillborn`
  std::atomic<std::uint32_t> released{0};  // by the parent, 1: it wants to know nothing more
  std::atomic<std::uint32_t> settling{is_settled};  // by the fork server before `live`, then by the process itself
  std::atomic<std::uint32_t> by_starter{0};  // by the fork server before `live`, 1: its starter starts it (shim.hpp)
  std::atomic<std::int32_t> shim{0};         // by that shim: its pid
  std::atomic<std::uint32_t> interrupts{0};  // by anybody: bumped on every death in the tree; futex
  std::atomic<std::uint32_t> inbox{0};       // by the process itself: the generation whose inbox is ready

  // By the fork server: what became of this process's own last request.
  std::atomic<std::uint32_t> answered{0};  // its number; futex
  std::atomic<std::int32_t> answer_error{0};
  std::atomic<std::uint32_t> answer_slot{0};
  std::atomic<std::uint32_t> answer_generation{0};

  process_name name{};  // by the fork server

  // How it ended.
  std::atomic<std::uint32_t> parted{0};  // by the process itself, 1: its function is over, with `parting_code`
  std::atomic<std::int32_t> parting_code{0};
  process_text last_words{};  // by the process itself, before `parted`: the exception that escaped its function
  end_record end{};           // by its kernel parent, before `dead`

  // Bit N of word M: it owes an answer to the process of row 64 * M + N, and could not deliver it. Set by the process
  // itself, cleared by the other one, and by the fork server when that row gets its next process.
  std::array<std::atomic<std::uint64_t>, slot_count / 64> undelivered{};
};
static_assert(sizeof(slot) == 640 && std::is_standard_layout_v<slot>);

/// The table itself: the front of the control memory that every process of the tree maps; the inboxes follow.
class process_table {
 public:
  /// Makes the control memory of a new tree.
  [[nodiscard]] static process_table create();
  /// Maps that of the tree which this process was started in. Throws errc::malformed.
  [[nodiscard]] static process_table attach(unique_fd memory);

  [[nodiscard]] slot& at(std::uint32_t index) const noexcept { return slots_[index]; }
  [[nodiscard]] slot& at(process_id id) const noexcept { return slots_[id.slot]; }
  /// How many rows were ever used.
  [[nodiscard]] std::uint32_t used() const noexcept { return head_->used.load(std::memory_order_acquire); }
  /// Which process has the row now; nobody if it is not live.
  [[nodiscard]] process_id living(std::uint32_t index) const noexcept;
  [[nodiscard]] process_id parent_of(std::uint32_t index) const noexcept;
  /// The first process of the tree. Set once, before there are others.
  [[nodiscard]] process_id first() const noexcept { return {head_->first_slot, head_->first_generation}; }
  void set_first(process_id id) const noexcept;
  /// Changes when one fork server takes over from another.
  [[nodiscard]] std::atomic<std::uint32_t>& server_epoch() const noexcept { return head_->server_epoch; }
  /// How often the servers were to be started anew since the last time that they came to work.
  [[nodiscard]] std::atomic<std::uint32_t>& revivals() const noexcept { return head_->revivals; }
  /// 1: the system of the first process has ended.
  [[nodiscard]] std::atomic<std::uint32_t>& system_over() const noexcept { return head_->system_over; }
  /// 1: nobody is left who ends with the first process. Futex.
  [[nodiscard]] std::atomic<std::uint32_t>& settled() const noexcept { return head_->settled; }
  [[nodiscard]] int fd() const noexcept { return memory_->fd(); }
  /// Whether the kernel still holds a life lock for somebody; yes if this process cannot know, as it has closed the
  /// descriptor of the table.
  [[nodiscard]] bool life_is_held(std::uint32_t row) const noexcept;

  /// Whether the row still speaks of `id`.
  [[nodiscard]] bool holds(process_id id) const noexcept;
  /// Whether its kernel parent has seen the end of `id`.
  [[nodiscard]] bool has_ended(process_id id) const noexcept;
  /// Whether `id` can certainly store nothing any more: proven by its end, or by the kernel having let go of the lock
  /// that only it held (see life_lock), never guessed.
  [[nodiscard]] bool is_dead(process_id id) const noexcept;
  /// "process bank (pid 42)", for error texts.
  [[nodiscard]] std::string describe(process_id id) const;
  /// Sends a signal; nothing happens if `id` has ended, and no other process ever gets it. Throws `error` (EPERM).
  void signal(process_id id, int number) const;
  /// The same, for whoever has nobody to tell: what goes wrong is logged, and false.
  bool signal_or_log(process_id id, int number) const noexcept;
  /// SIGTERM, and SIGCONT, without which a stopped process would not see it.
  bool terminate_or_log(process_id id) const noexcept;

  struct claim_for {
    process_id parent;
    std::uint32_t request = 0;
    std::string_view name;
    when_orphaned on_parent_death = when_orphaned::kill;
    bool daemon = false;
    bool by_starter = false;
    bool settles = false;
  };
  /// Fork server only: takes a free row; nobody if the table is full. A row whose last process has left a copy behind,
  /// which still holds its life lock, is not free yet.
  process_id claim(const claim_for& whom) const;
  /// Gives the row of `id`, which was just claimed, its pid. False if somebody else decided otherwise before.
  [[nodiscard]] bool give_birth(process_id id, std::int32_t pid) const noexcept;
  /// Fork server only: answers a request of `asker`, if that still lives in its row: `child`, or why there is none.
  void answer(process_id asker, std::uint32_t request, std::int32_t reason, process_id child) const noexcept;
  /// `by` cannot deliver an answer that it owes to `to`, which is told to look.
  void set_undelivered(process_id by, process_id to) const noexcept;
  /// Whether that was so, for the processes that have these rows; it is no more.
  [[nodiscard]] bool take_undelivered(std::uint32_t by, std::uint32_t to) const noexcept;
  /// Kernel parent only, before it reaps `id`: from now on nobody sends a signal to that pid.
  void record_end(process_id id, const end_record& end) const noexcept;
  /// The same for who has no kernel parent in the tree: what it said itself when its function was over, or that nobody
  /// heard how it ended. Then `bury`.
  void bury_unheard(process_id id) const noexcept;
  /// Nothing came of the row of `id`, which was claimed.
  void forget(process_id id) const noexcept;
  /// Publishes the recorded end of `id` and wakes everybody in the tree who waits for anything. Doing it twice is fine.
  void bury(process_id id) const noexcept;
  /// Makes everybody in the tree look again at what he waits for.
  void interrupt_all() const noexcept;

  /// The largest message that an inbox of this tree takes, in bytes. 0: there are no inboxes, because the first process
  /// may make no file that holds them (RLIMIT_FSIZE).
  [[nodiscard]] std::size_t largest_message() const noexcept { return head_->largest_message; }
  /// Gives the memory back that waits in the inbox of a process that has ended. False if that must be tried again
  /// later, as somebody is inside of it.
  [[nodiscard]] bool empty_inbox(process_id id) const noexcept;
  /// The memory of the inbox of one process, mapped.
  [[nodiscard]] memory::region map_inbox(std::uint32_t index) const;

 private:
  struct alignas(128) head {
    std::uint64_t magic = 0;
    std::uint32_t first_slot = 0;  // by the first process, before there are others; the next one, too
    std::uint32_t first_generation = 0;
    std::uint64_t largest_message = 0;           // by the first process, before there are others
    std::atomic<std::uint32_t> used{0};          // by the fork server
    std::atomic<std::uint32_t> server_epoch{0};  // by each fork server, when it begins
    std::atomic<std::uint32_t> revivals{0};      // by whoever starts servers anew; 0 by each fork server
    std::atomic<std::uint32_t> system_over{0};   // 0 -> 1, by the first process
    std::atomic<std::uint32_t> settled{0};       // 0 -> 1, by the fork server; futex
  };

  explicit process_table(memory::region memory);
  [[nodiscard]] static std::size_t inbox_offset(std::uint32_t index, std::size_t largest);
  [[nodiscard]] static std::size_t affordable_message();

  std::shared_ptr<const memory::region> memory_;  // copies of a table are the same table
  head* head_;
  slot* slots_;
};

/// "was killed by signal 9 (SIGKILL)", "exited with code 3".
[[nodiscard]] std::string describe_exit(int code);

}  // namespace troupe::tree
