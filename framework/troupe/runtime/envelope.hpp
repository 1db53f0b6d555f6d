#pragma once

#include "troupe/runtime/asker.hpp"
#include "troupe/runtime/body.hpp"

#include <cstdint>

namespace troupe::runtime {

/// What a message is for. All but `tell` and `ask` pass a full mailbox: they are few, and somebody waits for them.
enum class kind : std::uint8_t {
  start,  ///< the first message of every actor, sent by the engine
  tell,   ///< a message of the protocol, no answer
  ask,    ///< a message of the protocol that is answered
  down,   ///< a watched actor ended
  stop,   ///< end after the message being handled; overtakes what waits
};

/// The one message type the engine carries.
struct envelope {
  kind what = kind::tell;
  std::uint32_t index = 0;  ///< which message of the receiver's protocol
  body content;             ///< the message: moved in, or bytes to be decoded on the actor's thread
  reply_duty reply;         ///< set for an ask

  [[nodiscard]] bool may_be_refused() const noexcept { return what == kind::tell || what == kind::ask; }
};

}  // namespace troupe::runtime
