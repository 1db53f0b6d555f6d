#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/memory/owner.hpp"
#include "troupe/process/process_id.hpp"
#include "troupe/process/process_table.hpp"
#include "troupe/transport/byte_queue.hpp"
#include "troupe/wire/buffer.hpp"
#include "troupe/wire/handles.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

/// Private to the process room.
namespace troupe::tree {

/// This process's place in the tree: the table, its own row, and its line to the fork server. There is at most one; it
/// is made by `root` in the first process and by the fork server's child in all others. Thread-safe.
class membership final : private memory::owner::registry {
 public:
  membership(process_table table, process_id self, unique_fd fork_server);
  ~membership() override;
  membership(const membership&) = delete;
  membership& operator=(const membership&) = delete;

  /// Throws errc::no_system if there is none.
  [[nodiscard]] static membership& current();
  [[nodiscard]] static membership* current_or_null() noexcept;

  [[nodiscard]] const process_table& table() const noexcept { return table_; }
  [[nodiscard]] process_id self() const noexcept { return self_; }

  struct started {
    process_id id;
    int pid;
  };
  /// Has the fork server start a process that decodes and runs `body`. Throws errc::start_failed.
  [[nodiscard]] started start(std::string_view name, std::span<const std::byte> body, wire::outgoing_handles& handles);
  /// Sends a signal to a process of the tree; nothing happens if it has ended.
  void signal(process_id target, int number);
  /// Waits until `id` ended; false at the limit. True also if the fork server died, which ends all its children.
  [[nodiscard]] bool wait_for_death(process_id id, deadline limit);
  /// N or -signal; 255 if the fork server died before it could tell.
  [[nodiscard]] int exit_status(process_id id) const;

  void at_leave(void (*ending)() noexcept) noexcept { ending_.store(ending, std::memory_order_relaxed); }
  /// The last thing a child does as a member.
  void leave() const noexcept {
    if (auto* ending = ending_.load(std::memory_order_relaxed)) ending();
  }

  [[nodiscard]] transport::byte_queue& open_inbox();
  [[nodiscard]] transport::byte_queue inbox_of(process_id id);

 private:
  [[nodiscard]] bool is_dead(memory::owner::word who) const noexcept override;
  [[nodiscard]] std::string describe(memory::owner::word who) const override;
  [[nodiscard]] bool fork_server_is_gone() const;

  process_table table_;
  const process_id self_;
  unique_fd fork_server_;
  std::atomic<void (*)() noexcept> ending_{nullptr};  // relaxed: what it ends orders itself
  std::mutex asking_;                                 // one request at a time on the line to the fork server
  std::mutex inboxes_lock_;
  transport::byte_queue own_inbox_;                      // guarded by inboxes_lock_
  std::map<process_id, transport::byte_queue> inboxes_;  // guarded by inboxes_lock_
};

}  // namespace troupe::tree
