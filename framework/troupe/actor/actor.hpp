#pragma once

#include "troupe/actor/actor_base.hpp"
#include "troupe/actor/down.hpp"
#include "troupe/actor/protocol.hpp"
#include "troupe/actor/ref.hpp"

namespace troupe {

/// Derive from it to write an actor: an object that handles one message at a time, on whatever thread is free.
///
///     class account : public troupe::actor<account_api> {
///      public:
///       void on(const deposit& m) { balance_ += m.amount; }
///       long on(const balance&) { return balance_; }
///      private:
///       long balance_ = 0;
///     };
///
/// For every message of the protocol there is a public `on`, which takes it by value or reference to const and returns
/// its reply. No locks are needed: what one handler did happens-before the next one. An exception in the handler of an
/// ask goes to the asker as `remote_error`, and the actor lives on; in the handler of a tell it stops the actor.
template <class Api>
class actor : public actors::actor_base {
  static_assert(actors::a_protocol<Api>, "the Api of an actor derives from troupe::protocol<Messages...>");

 public:
  using api = Api;

 protected:
  /// A ref of this actor, to be sent to others. Not in the constructor: override `started()`.
  [[nodiscard]] ref<Api> self() const { return ref<Api>{self_ref()}; }

  /// Asks for one `on(const troupe::down&)` when `whom` ends, also if it ended before or its process dies. Watching
  /// again is the same watch, before and after that `down`. Throws errc::invalid_argument if this class has no such
  /// handler, errc::mailbox_full if too many actors are watched in this process; after that it may be tried again.
  template <class Other>
  void watch(const ref<Other>& whom) {
    watch_ref(whom.actor_);
  }
};

}  // namespace troupe
