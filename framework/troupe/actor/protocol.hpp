#pragma once

#include "troupe/wire/archive.hpp"
#include "troupe/wire/type_identity.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace troupe {

/// The messages an actor understands: `struct account_api : troupe::protocol<deposit, balance> {};`. A message is a
/// serializable class; it may name the type of its answer: `using reply = long;`. Deriving gives the list a name of its
/// own, which is what compiler messages show.
template <class... Messages>
struct protocol {};

namespace actors {

template <class... Messages>
struct message_list {
  static constexpr std::size_t size = sizeof...(Messages);
};

// Finds the list of a class that derives from a protocol. Never defined.
template <class... Messages>
message_list<Messages...> list_of(const protocol<Messages...>*);

template <class Message>
struct reply_type {
  using type = void;
};
template <class Message>
  requires requires { typename Message::reply; }
struct reply_type<Message> {
  using type = typename Message::reply;
};

}  // namespace actors

/// What an ask of this message is answered with; void if it names no reply: then the answer only says that it was
/// handled.
template <class Message>
using reply_of = typename actors::reply_type<Message>::type;

namespace actors {

template <class Api>
concept a_protocol = requires(const Api* api) { list_of(api); };

template <a_protocol Api>
using messages_of = decltype(list_of(static_cast<const Api*>(nullptr)));

/// The place of `Message` in the list; the list's size if it is not there.
template <class Message, class... Messages>
consteval std::size_t index_in(message_list<Messages...>) {
  std::size_t index = 0;
  (void)((std::is_same_v<Message, Messages> || (++index, false)) || ...);
  return index;
}

template <class Api, class Message>
inline constexpr std::size_t index_of = index_in<Message>(messages_of<Api>{});

template <class Api, class Message>
inline constexpr bool is_member = index_of<Api, Message> < messages_of<Api>::size;

/// Identifies messages and replies of a protocol, with their shapes and order, so that a ref that arrives as bytes is
/// known to be what it claims.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t value) noexcept {
  std::uint64_t mixed = (seed ^ value) * 0x9e3779b97f4a7c15ULL;
  mixed ^= mixed >> 32U;
  return mixed * 0xd6e8feb86659fd93ULL;
}

template <class Message>
[[nodiscard]] std::uint64_t reply_identity() {
  if constexpr (std::is_void_v<reply_of<Message>>)
    return 0;
  else
    return wire::identity_of<reply_of<Message>>().hash;
}

template <class... Messages>
[[nodiscard]] std::uint64_t fingerprint_of_list(message_list<Messages...>) {
  std::uint64_t result = sizeof...(Messages);
  ((result = mix(mix(result, wire::identity_of<Messages>().hash), reply_identity<Messages>())), ...);
  return result;
}

template <class Api>
[[nodiscard]] std::uint64_t fingerprint_of() {
  static const std::uint64_t result = fingerprint_of_list(messages_of<Api>{});
  return result;
}

}  // namespace actors
}  // namespace troupe
