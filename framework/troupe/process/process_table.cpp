#include "troupe/process/process_table.hpp"

#include "troupe/memory/park.hpp"
#include "troupe/process/inbox.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <new>

namespace troupe::tree {

namespace {

constexpr std::size_t table_size = slot_count * sizeof(slot);

std::size_t inbox_offset(std::uint32_t index) { return table_size + index * inbox_size(); }

}  // namespace

process_name make_process_name(std::string_view text) noexcept {
  process_name name{};
  std::copy_n(text.begin(), std::min(text.size(), name.size() - 1), name.begin());
  return name;
}

std::string_view text_of(const process_name& name) noexcept {
  return {name.begin(), std::find(name.begin(), name.end(), '\0')};
}

process_table::process_table(memory::region memory)
    : memory_{std::make_shared<const memory::region>(std::move(memory))}
    , slots_{std::launder(reinterpret_cast<slot*>(memory_->data()))} {}

process_table process_table::create() {
  auto memory = memory::region::create("troupe control", inbox_offset(slot_count), table_size, table_size);
  for (std::uint32_t i = 0; i < slot_count; ++i) new (memory.data() + i * sizeof(slot)) slot;
  return process_table{std::move(memory)};
}

bool process_table::holds(process_id id) const noexcept {
  return id && id.slot < slot_count && at(id).generation.load(std::memory_order_acquire) == id.generation;
}

bool process_table::is_dead(process_id id) const noexcept {
  if (id.slot >= slot_count) return true;
  const std::uint32_t state = at(id).state.load(std::memory_order_acquire);  // before the generation: see `slot`
  return !holds(id) || state == dead;
}

std::string process_table::describe(process_id id) const {
  if (!holds(id)) return "a process that ended long ago";
  const slot& row = at(id);
  return "process " + std::string{text_of(row.name)} + " (pid "
         + std::to_string(row.pid.load(std::memory_order_relaxed)) + ")";
}

memory::region process_table::map_inbox(std::uint32_t index) const {
  return memory_->slice(inbox_offset(index), inbox_size());
}

process_id process_table::claim(process_id parent, std::string_view name) const {
  for (std::uint32_t i = 0; i < slot_count; ++i) {
    slot& row = at(i);
    const std::uint32_t state = row.state.load(std::memory_order_relaxed);  // we are the only writer
    const process_id owner{row.parent_slot.load(std::memory_order_relaxed),
                           row.parent_generation.load(std::memory_order_relaxed)};
    const bool forgotten = row.released.load(std::memory_order_acquire) != 0 || is_dead(owner);
    if (state == live || (state == dead && !forgotten)) continue;
    const std::uint32_t generation = row.generation.load(std::memory_order_relaxed) + 1;
    row.generation.store(generation == 0 ? 1 : generation, std::memory_order_release);
    row.parent_slot.store(parent.slot, std::memory_order_relaxed);
    row.parent_generation.store(parent.generation, std::memory_order_relaxed);
    row.exit_status.store(0, std::memory_order_relaxed);
    row.pid.store(0, std::memory_order_relaxed);
    row.released.store(0, std::memory_order_relaxed);
    row.name = make_process_name(name);
    row.state.store(live, std::memory_order_release);  // COMMIT start
    return {i, generation == 0 ? 1 : generation};
  }
  return {};
}

void process_table::bury(process_id id, int exit_status) const {
  slot& gone = at(id);
  gone.exit_status.store(exit_status, std::memory_order_relaxed);
  gone.state.store(dead, std::memory_order_seq_cst);  // COMMIT death
  memory::unpark_all(gone.state);
  for (std::uint32_t i = 0; i < slot_count; ++i) {
    slot& row = at(i);
    if (row.state.load(std::memory_order_relaxed) == live) memory::interrupt::raise(row.interrupts);
  }
}

std::string describe_exit(int exit_status) {
  if (exit_status >= 0) return "exited with code " + std::to_string(exit_status);
  const char* name = ::sigabbrev_np(-exit_status);
  return "was killed by signal " + std::to_string(-exit_status)
         + (name != nullptr ? " (SIG" + std::string{name} + ")" : "");
}

}  // namespace troupe::tree
