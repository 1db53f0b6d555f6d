#pragma once

#include "troupe/actor/any_ref.hpp"

#include <cstddef>

namespace troupe::actors {

class shell;

/// What all actors are, whatever their protocol: see `troupe::actor`.
class actor_base {
 public:
  actor_base() = default;
  actor_base(const actor_base&) = delete;
  actor_base& operator=(const actor_base&) = delete;
  virtual ~actor_base() = default;

 protected:
  /// Called once, before any message. From here on `self()` and `watch()` may be used. An exception stops the actor.
  virtual void started() {}
  /// Called once, after the last message. The actor cannot be reached any more.
  virtual void stopped() {}

  /// How many messages may wait for this actor; 0: as many as the options of its system or node say. Called once,
  /// before it starts.
  [[nodiscard]] virtual std::size_t mailbox() const { return 0; }

  /// Ends the actor after the handler that calls this; what waits in its mailbox is dropped, and asks among it fail
  /// with errc::actor_gone. Only from the actor's own handlers.
  void stop() noexcept;

  [[nodiscard]] any_ref self_ref() const;
  void watch_ref(const any_ref& whom);

 private:
  friend class node_core;
  friend class shell;
  shell* shell_ = nullptr;  // set before `started`
};

}  // namespace troupe::actors
