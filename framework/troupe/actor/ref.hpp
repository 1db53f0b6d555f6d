#pragma once

#include "troupe/actor/address.hpp"
#include "troupe/actor/answer.hpp"
#include "troupe/actor/any_ref.hpp"
#include "troupe/actor/protocol.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/wire/message.hpp"
#include "troupe/wire/type_name.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace troupe {

/// How to reach one actor, wherever it lives. A value: copy it, send it in a message, pass it to a process, compare it,
/// use it as a key. All members are thread-safe. It does not keep the actor alive.
///
/// A message to an actor of this process is moved into its mailbox; to another process it is serialized before the call
/// returns. Messages of one thread to one actor arrive in order.
template <class Api>
class ref {
 public:
  ref() noexcept = default;  ///< nobody; telling throws errc::invalid_argument

  /// Sends a message. Throws errc::actor_gone if the actor has stopped, errc::process_died if its process ended, and
  /// errc::mailbox_full if its mailbox has no room; of another process: if its inbox got none within the limit in
  /// `system_options`. Does not block within a process. A message that arrives in another process when the actor has
  /// just stopped, or has a full mailbox, is dropped and counted: use `ask` to know.
  template <class Message>
  void tell(Message&& message) const {
    send<Message>(std::forward<Message>(message), actors::any_ref::when_full::complain);
  }

  /// The same, but returns false where there is no room now.
  template <class Message>
  [[nodiscard]] bool try_tell(Message&& message) const {
    return send<Message>(std::forward<Message>(message), actors::any_ref::when_full::fail);
  }

  /// Sends a message that is to be answered within `timeout` (counted from now). Only what goes wrong while the message
  /// is serialized is thrown here, all else by the answer. May wait for room in another process's inbox, like `tell`.
  template <class Message>
  auto ask(Message&& message, time_span timeout = time_span::max()) const {
    using type = std::remove_cvref_t<Message>;
    constexpr bool is_in_the_protocol = actors::is_member<Api, type>;
    static_assert(is_in_the_protocol, "this message is not in the protocol of the actor that the ref names");
    if constexpr (is_in_the_protocol) {
      constexpr auto index = static_cast<std::uint32_t>(actors::index_of<Api, type>);
      const auto limit = deadline::after(timeout);
      if (actor_.is_here())
        return answer<reply_of<type>>{
            actor_.ask_here(index, runtime::body::of<type>(std::forward<Message>(message)), limit)};
      return answer<reply_of<type>>{
          actor_.ask_there(index, actors::fingerprint_of<Api>(), wire::encode(message), limit)};
    } else {
      return answer<reply_of<type>>{};
    }
  }

  [[nodiscard]] const actor_address& address() const noexcept { return actor_.address(); }
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(address()); }
  friend bool operator==(const ref& a, const ref& b) noexcept { return a.actor_ == b.actor_; }
  friend auto operator<=>(const ref& a, const ref& b) noexcept { return a.address() <=> b.address(); }

  /// As an address with the fingerprint of its protocol. Loading throws errc::type_mismatch for another protocol's.
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    actor_address address = actor_.address();
    std::uint64_t protocol = actors::fingerprint_of<Api>();
    archive & address & protocol;
    if constexpr (Archive::is_loading::value) {
      actors::any_ref::check_protocol(protocol, actors::fingerprint_of<Api>(), &wire::type_name<Api>);
      actor_ = actors::any_ref::at(address);
    }
  }

 private:
  template <class>
  friend class actor;
  friend class system;
  friend class node;
  explicit ref(actors::any_ref actor) noexcept : actor_{std::move(actor)} {}

  template <class Message>
  bool send(Message&& message, actors::any_ref::when_full policy) const {
    using type = std::remove_cvref_t<Message>;
    constexpr bool is_in_the_protocol = actors::is_member<Api, type>;
    static_assert(is_in_the_protocol, "this message is not in the protocol of the actor that the ref names");
    if constexpr (is_in_the_protocol) {
      constexpr auto index = static_cast<std::uint32_t>(actors::index_of<Api, type>);
      if (actor_.is_here())
        return actor_.tell_here(index, runtime::body::of<type>(std::forward<Message>(message)), policy);
      return actor_.tell_there(index, actors::fingerprint_of<Api>(), wire::encode(message), policy);
    } else {
      return false;
    }
  }

  actors::any_ref actor_;
};

}  // namespace troupe

template <class Api>
struct std::hash<troupe::ref<Api>> {
  [[nodiscard]] std::size_t operator()(const troupe::ref<Api>& r) const noexcept {
    return std::hash<troupe::actor_address>{}(r.address());
  }
};
