#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/memory/owner.hpp"
#include "troupe/process/fork_server_protocol.hpp"
#include "troupe/process/lifeline.hpp"
#include "troupe/process/process_id.hpp"
#include "troupe/process/process_table.hpp"
#include "troupe/transport/byte_queue.hpp"
#include "troupe/wire/buffer.hpp"
#include "troupe/wire/handles.hpp"

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Private to the process room.
namespace troupe::tree {

/// This process's place in the tree: the table, its own row and the proof that it lives, and its line to the fork
/// server. There is at most one; it is made by `root` in the first process and by `run_child` in all others. A copy
/// that fork() makes has no place of its own. Thread-safe.
class membership final : private memory::owner::registry {
 public:
  membership(process_table table, process_id self, request_channel requests, unique_fd life, lifeline line = {});
  ~membership() override;
  membership(const membership&) = delete;
  membership& operator=(const membership&) = delete;

  /// Throws errc::no_system if there is none, or if this process is a copy made by fork().
  [[nodiscard]] static membership& current();
  [[nodiscard]] static membership* current_or_null() noexcept;

  [[nodiscard]] const process_table& table() const noexcept { return table_; }
  [[nodiscard]] process_id self() const noexcept { return self_; }

  [[nodiscard]] int life() const noexcept { return life_.get(); }
  [[nodiscard]] const request_channel& requests() const noexcept { return requests_; }

  struct starting {
    std::string_view name;
    when_orphaned on_parent_death = when_orphaned::kill;
    bool daemon = false;
    std::array<int, lifeline_descriptor> streams_and_folder{};  // as request_descriptors says
  };
  /// Has the fork server start a process that decodes and runs `body`. Blocks until it exists. Throws
  /// errc::start_failed.
  [[nodiscard]] process_id start(const starting& how, std::span<const std::byte> body, wire::outgoing_handles& handles);
  /// Waits until `id` ended; false at the limit.
  [[nodiscard]] bool wait_for_death(process_id id, deadline limit);
  /// Whether `id` has ended, seen to by this process if there are no servers.
  [[nodiscard]] bool has_ended(process_id id) noexcept;
  /// Sees to it that there are servers, or does without them: what every sleeper of this process calls now and then.
  void look_after_tree() noexcept;
  /// Once the system of the first process is over: blocks until nobody is left who ends with it, or nobody could see to
  /// that any more.
  void wait_until_settled() noexcept;
  /// Has the fork server look at what the process table says. False if this process has lost the line to it.
  bool call_server() noexcept;
  /// How `id` ended, which it did; code 255 if both servers died before they could tell.
  [[nodiscard]] end_record end_of(process_id id) const;
  [[nodiscard]] std::string last_words_of(process_id id) const;
  /// This process wants to know nothing more of `id`, which it started.
  void release(process_id id);
  /// The processes that this one started, and that still run.
  [[nodiscard]] std::vector<process_id> children() const;

  void at_leave(void (*ending)() noexcept) noexcept { ending_.store(ending, std::memory_order_relaxed); }
  /// The last thing a process does as a member: ends its daemons, and waits for its other children, but for the
  /// detached ones.
  void leave() noexcept;
  /// Sends SIGTERM to `id`, and SIGKILL if it does not end of that. False if it cannot be ended: it runs as somebody
  /// else now.
  bool end_daemon(process_id id);

  [[nodiscard]] transport::byte_queue& open_inbox();
  [[nodiscard]] transport::byte_queue inbox_of(process_id id);

 private:
  struct ended {
    end_record how;
    std::string last_words;
  };

  [[nodiscard]] bool is_dead(memory::owner::word who) const noexcept override;
  [[nodiscard]] std::string describe(memory::owner::word who) const override;
  void ask(request what, std::span<const std::byte> body, std::vector<int> descriptors);
  struct start_order;
  std::int32_t ask_once(request& what, std::span<const std::byte> body, std::vector<int> descriptors);
  [[nodiscard]] process_id answered_id() const noexcept;
  process_id start_by_itself(start_order& order, std::string_view name);
  void launch_shim(process_id id, const start_order& from);
  [[noreturn]] static void throw_refused(std::string_view name, std::int32_t reason);
  [[nodiscard]] bool no_servers_to_come() noexcept;
  bool send(const request& what, std::span<const std::byte> body, std::span<const int> descriptors, bool again);
  bool collect_ended();
  void end_children();

  process_table table_;
  const process_id self_;
  request_channel requests_;
  unique_fd life_;
  std::atomic<void (*)() noexcept> ending_{nullptr};  // relaxed: what it ends orders itself
  std::mutex asking_;                                 // one request of this process at a time
  std::uint32_t asked_ = 0;                           // guarded by asking_: requests so far
  lifeline lifeline_;                                 // guarded by asking_
  std::optional<std::uint32_t> lifeline_kept_;        // guarded by asking_: the epoch whose server has our end of it
  mutable std::mutex collected_lock_;
  std::map<process_id, ended> collected_;  // guarded by collected_lock_: of children whose rows are released
  std::mutex inboxes_lock_;
  transport::byte_queue own_inbox_;                      // guarded by inboxes_lock_
  std::map<process_id, transport::byte_queue> inboxes_;  // guarded by inboxes_lock_
};

}  // namespace troupe::tree
