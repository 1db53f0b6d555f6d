#include "troupe/process/process_table.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/log.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/process/inbox.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/process/pidfd.hpp"

#include <cerrno>
#include <csignal>
#include <new>
#include <random>
#include <sys/resource.h>

namespace troupe::tree {

namespace {

constexpr std::uint64_t magic = 0x3130'7465'7075'6f72;  // "troupet01", nearly
constexpr std::size_t head_size = 128;
constexpr std::size_t table_size = head_size + slot_count * sizeof(slot);

}  // namespace

std::size_t process_table::inbox_offset(std::uint32_t index, std::size_t largest) {
  static_assert(sizeof(head) == head_size);
  constexpr std::size_t page = 4096;
  return (table_size + page - 1) / page * page + index * inbox_size(largest);
}

process_table::process_table(memory::region memory)
    : memory_{std::make_shared<const memory::region>(std::move(memory))}
    , head_{std::launder(reinterpret_cast<head*>(memory_->data()))}
    , slots_{std::launder(reinterpret_cast<slot*>(memory_->data() + head_size))} {}

/// As large as can be: all inboxes together are one sparse file, of which a process maps one inbox for each process
/// that it sends to.
std::size_t process_table::affordable_message() {
  constexpr std::size_t partners = 32;
  rlimit file{};
  rlimit space{};
  (void)::getrlimit(RLIMIT_FSIZE, &file);
  (void)::getrlimit(RLIMIT_AS, &space);
  for (std::size_t largest = tree::largest_message; largest >= least_message; largest = largest / 2 - 32)
    if (inbox_offset(slot_count, largest) <= file.rlim_cur && inbox_size(largest) <= space.rlim_cur / partners)
      return largest;
  return inbox_offset(slot_count, least_message) <= file.rlim_cur ? least_message : 0;
}

process_table process_table::create() {
  const std::size_t largest = affordable_message();
  const std::size_t size = largest == 0 ? table_size : inbox_offset(slot_count, largest);
  auto memory = memory::region::create("troupe-control", size, table_size, table_size);
  auto* fresh = new (memory.data()) head;
  fresh->magic = magic;
  fresh->largest_message = largest;
  // Anywhere, so that no process of another tree has an id of this one.
  const std::uint32_t first_generation = std::random_device{}();
  for (std::uint32_t i = 0; i < slot_count; ++i)
    (new (memory.data() + head_size + i * sizeof(slot)) slot)->generation.store(first_generation);
  return process_table{std::move(memory)};
}

process_table process_table::attach(unique_fd memory) {
  process_table table{memory::region::attach(std::move(memory), 0, table_size)};
  if (table.head_->magic != magic)
    throw error{errc::malformed, "this process was started by another version of the program"};
  return table;
}

void process_table::set_first(process_id id) const noexcept {
  head_->first_slot = id.slot;
  head_->first_generation = id.generation;
}

process_id process_table::living(std::uint32_t index) const noexcept {
  const slot& row = at(index);
  for (;;) {
    const std::uint32_t generation = row.generation.load(std::memory_order_acquire);
    if (row.state.load(std::memory_order_acquire) != live) return {};
    if (row.generation.load(std::memory_order_acquire) == generation) return {index, generation};
  }
}

process_id process_table::parent_of(std::uint32_t index) const noexcept {
  const slot& row = at(index);
  return {row.parent_slot.load(std::memory_order_relaxed), row.parent_generation.load(std::memory_order_relaxed)};
}

bool process_table::holds(process_id id) const noexcept {
  return id && id.slot < slot_count && at(id).generation.load(std::memory_order_acquire) == id.generation;
}

bool process_table::has_ended(process_id id) const noexcept {
  if (id.slot >= slot_count) return true;
  const std::uint32_t state = at(id).state.load(std::memory_order_seq_cst);  // before the generation: see `slot`
  return !holds(id) || state == dead;
}

bool process_table::life_is_held(std::uint32_t row) const noexcept {
  return !memory_->is_intact() || life_lock::is_held(fd(), row);
}

bool process_table::is_dead(process_id id) const noexcept { return has_ended(id) || !life_is_held(id.slot); }

std::string process_table::describe(process_id id) const {
  if (!holds(id)) return "a process that ended long ago";
  const slot& row = at(id);
  std::string text = "process " + std::string{text_of(row.name)} + " (pid "
                     + std::to_string(row.pid.load(std::memory_order_relaxed)) + ")";
  return holds(id) ? text : describe({});  // else it may be a mixture
}

void process_table::signal(process_id id, int number) const {
  const std::int32_t pid = at(id).pid.load(std::memory_order_acquire);
  if (living(id.slot) != id || pid <= 0) return;
  const unique_fd process = open_pidfd(pid);
  // Its end is recorded before it is reaped: as long as it is not, its pid has not been given to anybody else.
  if (living(id.slot) != id) return;
  if (!process || !send_signal(process, number)) {
    if (errno != ESRCH) throw_errno("pidfd_send_signal", describe(id));
  }
}

bool process_table::signal_or_log(process_id id, int number) const noexcept {
  try {
    signal(id, number);
    return true;
  } catch (const std::exception& e) {
    log(log_level::warning, std::string{"a process cannot be ended: "} + e.what());
    return false;
  }
}

bool process_table::terminate_or_log(process_id id) const noexcept {
  return signal_or_log(id, SIGTERM) && signal_or_log(id, SIGCONT);
}

process_id process_table::claim(const claim_for& whom) const {
  for (std::uint32_t i = 0; i < slot_count; ++i) {
    slot& row = at(i);
    const std::uint32_t state = row.state.load(std::memory_order_acquire);
    const bool forgotten = row.released.load(std::memory_order_acquire) != 0 || has_ended(parent_of(i));
    if (state == live || state == ending || (state == dead && !forgotten) || life_is_held(i)) continue;
    const std::uint32_t next = row.generation.load(std::memory_order_relaxed) + 1;
    const process_id id{i, next == 0 ? 1 : next};
    const bool inherits = whom.parent && at(whom.parent).detached.load(std::memory_order_relaxed) != 0;
    row.generation.store(id.generation, std::memory_order_release);
    row.state.store(unused, std::memory_order_seq_cst);  // half written, it must not pass for the end of this request
    row.parent_slot.store(whom.parent.slot, std::memory_order_relaxed);
    row.parent_generation.store(whom.parent.generation, std::memory_order_relaxed);
    row.request.store(whom.request, std::memory_order_relaxed);
    row.on_parent_death.store(whom.on_parent_death, std::memory_order_relaxed);
    row.detached.store(inherits || whom.on_parent_death == when_orphaned::go_on ? 1 : 0, std::memory_order_relaxed);
    row.daemon.store(whom.daemon ? 1 : 0, std::memory_order_relaxed);
    row.pid.store(0, std::memory_order_relaxed);
    row.settling.store(whom.settles ? is_settling : is_settled, std::memory_order_relaxed);
    row.by_starter.store(whom.by_starter ? 1 : 0, std::memory_order_relaxed);
    row.shim.store(0, std::memory_order_relaxed);
    row.released.store(0, std::memory_order_relaxed);
    row.answered.store(0, std::memory_order_relaxed);
    row.parted.store(0, std::memory_order_relaxed);
    for (auto& word : row.undelivered) word.store(0, std::memory_order_relaxed);
    for (std::uint32_t other = 0; other < used(); ++other) (void)take_undelivered(other, i);
    row.last_words = {};
    row.end = {};
    assign(row.name, whom.name);
    if (i >= used()) head_->used.store(i + 1, std::memory_order_release);
    row.state.store(live, std::memory_order_seq_cst);  // COMMIT claim
    return id;
  }
  return {};
}

void process_table::set_undelivered(process_id by, process_id to) const noexcept {
  at(by).undelivered[to.slot / 64].fetch_or(std::uint64_t{1} << (to.slot % 64));
  memory::interrupt::raise(at(to).interrupts);
}

bool process_table::take_undelivered(std::uint32_t by, std::uint32_t to) const noexcept {
  auto& word = at(by).undelivered[to / 64];
  const std::uint64_t bit = std::uint64_t{1} << (to % 64);
  return (word.load() & bit) != 0 && (word.fetch_and(~bit) & bit) != 0;
}

bool process_table::give_birth(process_id id, std::int32_t pid) const noexcept {
  std::int32_t before = 0;
  return at(id).pid.compare_exchange_strong(before, pid) || before == pid;  // COMMIT birth
}

void process_table::answer(process_id asker_id, std::uint32_t request, std::int32_t reason,
                           process_id child) const noexcept {
  if (!holds(asker_id)) return;  // it died, and its row may even be the one just claimed
  slot& asker = at(asker_id);
  asker.answer_error.store(reason, std::memory_order_relaxed);
  asker.answer_slot.store(child.slot, std::memory_order_relaxed);
  asker.answer_generation.store(child.generation, std::memory_order_relaxed);
  asker.answered.store(request, std::memory_order_release);  // COMMIT answer, SYNC "answered"
  memory::unpark_all(asker.answered);
}

void process_table::record_end(process_id id, const end_record& end) const noexcept {
  at(id).end = end;
  at(id).state.store(ending, std::memory_order_seq_cst);
}

void process_table::bury_unheard(process_id id) const noexcept {
  const slot& row = at(id);
  const bool parted = row.parted.load(std::memory_order_acquire) != 0;
  if (living(id.slot) == id)
    record_end(id, {.code = parted ? row.parting_code.load(std::memory_order_relaxed) : lost_exit_code});
  bury(id);
}

void process_table::forget(process_id id) const noexcept {
  at(id).released.store(1, std::memory_order_relaxed);
  record_end(id, {.code = lost_exit_code});
  bury(id);
}

void process_table::bury(process_id id) const noexcept {
  slot& gone = at(id);
  std::uint32_t state = ending;
  if (!holds(id) || !gone.state.compare_exchange_strong(state, dead)) return;  // COMMIT death
  memory::unpark_all(gone.state);
  interrupt_all();
}

void process_table::interrupt_all() const noexcept {
  const std::uint32_t count = used();
  for (std::uint32_t i = 0; i < count; ++i)
    if (living(i)) memory::interrupt::raise(at(i).interrupts);
}

bool process_table::empty_inbox(process_id id) const noexcept {
  auto& owner = at(id).inbox;
  if (!holds(id) || owner.load(std::memory_order_acquire) != id.generation) return true;  // there was none
  try {
    if (!transport::byte_queue::attach_to(map_inbox(id.slot), 0).try_abandon()) return false;
  } catch (const error& e) {
    log(log_level::warning, "the inbox of " + describe(id) + " keeps its memory: " + e.what());
  }
  owner.store(0, std::memory_order_release);
  return true;
}

memory::region process_table::map_inbox(std::uint32_t index) const {
  return memory_->slice(inbox_offset(index, largest_message()), inbox_size(largest_message()));
}

std::string describe_exit(int code) {
  if (code >= 0) return "exited with code " + std::to_string(code);
  const char* name = ::sigabbrev_np(-code);
  return "was killed by signal " + std::to_string(-code) + (name != nullptr ? " (SIG" + std::string{name} + ")" : "");
}

}  // namespace troupe::tree
