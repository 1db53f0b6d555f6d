#pragma once

#include "troupe/actor/actor_base.hpp"
#include "troupe/actor/any_answer.hpp"
#include "troupe/actor/dispatch.hpp"
#include "troupe/actor/drop_count.hpp"
#include "troupe/actor/packet.hpp"
#include "troupe/actor/pending_asks.hpp"
#include "troupe/actor/watch_list.hpp"
#include "troupe/runtime/engine.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace troupe::actors {

class receiver;

/// What one process gives to its actors.
struct core_limits {
  unsigned threads = 1;
  std::size_t mailbox = 65536;                      // messages in one mailbox
  time_span inbox_wait = std::chrono::seconds{10};  // for room in the inbox of another process
};

/// The actor side of this process: its engine, what it owes to other processes and what they owe to it. There is one at
/// most, made when actors are first used, so a process without actors has no threads. Thread-safe.
///
/// Nothing here blocks on a local mailbox, and the receiver thread never blocks on another process's inbox: so a full
/// queue anywhere cannot keep an answer or a death from being delivered.
class node_core {
 public:
  /// Before the first use; later changes have no effect.
  static void configure(const core_limits& limits);
  [[nodiscard]] static core_limits limits();
  /// Makes it if there is none. Throws errc::no_system in a program without `troupe::system`.
  [[nodiscard]] static node_core& current();
  /// Null also in a copy that fork() made.
  [[nodiscard]] static node_core* current_or_null() noexcept;
  /// Ends all actors of this process, fails what it still waits for, and its threads. Not to be called by an actor.
  static void shut_down() noexcept;

  node_core(const node_core&) = delete;
  node_core& operator=(const node_core&) = delete;

  [[nodiscard]] process_id self() const noexcept { return self_; }
  [[nodiscard]] std::size_t actors() const { return engine_.actors(); }
  [[nodiscard]] drop_count& dropped() noexcept { return dropped_; }

  any_ref spawn(std::unique_ptr<actor_base> object, const dispatch_table& table);
  /// Its mailbox; empty if there is no such actor (any more).
  [[nodiscard]] runtime::cell find(std::uint64_t actor) const { return engine_.find(actor); }

  // -- with other processes
  /// Waits for room in its inbox up to the limit of this process. False if there was none.
  [[nodiscard]] bool send(process_id to, const packet_header& header, std::span<const std::byte> content) const;
  /// For answers and news, which nobody waits to see sent: never throws; gives up with a line in the log.
  void send_soon(process_id to, const packet_header& header, wire::buffer content) noexcept;
  [[nodiscard]] any_answer ask(const actor_address& whom, packet_header header, std::span<const std::byte> content,
                               deadline limit);
  /// An answer that will come as a packet with the correlation in the result. It fails if the process of `whom` dies;
  /// if that is not known yet, `depend` names it later.
  [[nodiscard]] std::shared_ptr<pending_answer> expect_answer(const actor_address& whom);
  void depend(std::uint64_t correlation, process_id partner);
  void forget(std::uint64_t correlation) noexcept;

  // -- watching
  /// The watcher lives here.
  void watch(const watch_list::pair& watch);
  /// An actor of this process stopped and cannot be found any more.
  void actor_ended(const actor_address& who, const runtime::failure& why) noexcept;

  // -- for the receiver thread: never blocks
  void deliver(packet arrived) noexcept;
  /// The processes whose death somebody here waits for and that are dead.
  [[nodiscard]] std::vector<process_id> dead_partners() const;
  void bury(process_id partner) noexcept;
  /// Fails what waits for processes that say that they could not deliver an answer.
  void fail_undelivered() noexcept;

 private:
  explicit node_core(const core_limits& limits);
  ~node_core();

  void deliver_message(const packet_header& header, packet arrived);
  void deliver_outcome(const packet_header& header, packet arrived);
  void deliver_watch(const packet_header& header);
  void deliver_end(const packet_header& header, const packet& arrived);
  void tell_down(const actor_address& watcher, const down& news) noexcept;
  void look_for_deaths(process_id partner) noexcept;

  const core_limits limits_;
  const process_id self_;
  std::atomic<bool> ending_{false};  // set by shut_down: all actors end together, and none hears of the others
  drop_count dropped_;
  pending_asks pending_;
  watch_list watches_;
  runtime::engine engine_;
  std::unique_ptr<receiver> receiver_;
};

}  // namespace troupe::actors
