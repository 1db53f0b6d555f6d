#pragma once

#include "troupe/actor/actor.hpp"
#include "troupe/actor/down.hpp"
#include "troupe/actor/packet.hpp"
#include "troupe/actor/protocol.hpp"
#include "troupe/runtime/envelope.hpp"
#include "troupe/wire/message.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace troupe::actors {

/// How one class of actors handles one message of its protocol.
struct handler {
  void (*decode)(runtime::body&) = nullptr;                // bytes -> the message; throws what decoding throws
  void (*run)(actor_base&, runtime::envelope&) = nullptr;  // calls `on`, and answers; throws what `on` throws
};

/// All that is known of one class of actors, by message index.
struct dispatch_table {
  const std::type_info* type;
  std::uint64_t (*protocol)();
  std::span<const handler> handlers;
  void (*on_down)(actor_base&, const down&);  // null: the class has no such handler
};

template <class Message>
void decode_message(runtime::body& message) {
  message = runtime::body::of<Message>(wire::decode<Message>(message.as<packet>().content()));
}

template <class Reply>
void give_answer(runtime::reply_duty& to, Reply reply) {
  if (to.wants_bytes())
    to.succeed(runtime::body::encoded(wire::encode(reply)));
  else
    to.succeed(runtime::body::of<Reply>(std::move(reply)));
}

template <class Actor, class Message>
void run_handler(actor_base& target, runtime::envelope& mail) {
  auto& self = static_cast<Actor&>(target);
  Message& message = mail.content.as<Message>();
  using reply = reply_of<Message>;
  if constexpr (std::is_void_v<reply>) {
    self.on(std::move(message));
    if (mail.reply) mail.reply.succeed({});
  } else {
    reply result = self.on(std::move(message));
    if (mail.reply) give_answer<reply>(mail.reply, std::move(result));
  }
}

template <class Actor, class Message>
concept handles = requires(Actor& self, Message&& message) { self.on(std::move(message)); };

template <class Actor, class Message>
using result_of = decltype(std::declval<Actor&>().on(std::declval<Message>()));

template <class From, class To>
concept may_lose_digits =
    std::is_arithmetic_v<From> && std::is_arithmetic_v<To> && !requires(From&& from) { To{std::forward<From>(from)}; };

/// What a handler may return for a reply: nothing for nothing, else what converts to it without loss.
template <class Result, class Reply>
concept answers = (std::is_void_v<Reply> && std::is_void_v<Result>)
                  || (!std::is_void_v<Reply> && std::convertible_to<Result, Reply> && !may_lose_digits<Result, Reply>);

/// One check per message, each with one sentence, and nothing else goes wrong after it.
template <class Actor, class Message>
[[nodiscard]] constexpr handler handler_of() {
  constexpr bool there_is_a_handler = handles<Actor, Message>;
  static_assert(there_is_a_handler,
                "the actor has no public handler `on(const Message&)` for this message of its protocol");
  if constexpr (there_is_a_handler) {
    constexpr bool it_returns_the_reply = answers<result_of<Actor, Message>, reply_of<Message>>;
    static_assert(it_returns_the_reply,
                  "the actor's handler for this message does not return what the message names as its reply");
    if constexpr (it_returns_the_reply) return {&decode_message<Message>, &run_handler<Actor, Message>};
  }
  return {};
}

template <class Actor, class... Messages>
[[nodiscard]] constexpr auto handlers_of(message_list<Messages...>) {
  return std::array<handler, sizeof...(Messages)>{handler_of<Actor, Messages>()...};
}

template <class Actor>
[[nodiscard]] constexpr auto down_handler_of() -> void (*)(actor_base&, const down&) {
  if constexpr (requires(Actor& self, const down& news) { self.on(news); })
    return [](actor_base& target, const down& news) { static_cast<Actor&>(target).on(news); };
  else
    return nullptr;
}

template <class Actor>
inline constexpr auto handlers_in_order = handlers_of<Actor>(messages_of<typename Actor::api>{});

template <class Actor>
inline constexpr dispatch_table dispatch_of{&typeid(Actor), &fingerprint_of<typename Actor::api>,
                                            handlers_in_order<Actor>, down_handler_of<Actor>()};

}  // namespace troupe::actors
