#pragma once

#include "troupe/actor/packet.hpp"
#include "troupe/runtime/body.hpp"
#include "troupe/wire/message.hpp"

#include <utility>

namespace troupe::actors {

/// The value in a body that came through a mailbox or as an answer: moved out, or decoded if it came from another
/// process.
template <class T>
[[nodiscard]] T unpack(runtime::body& from) {
  if (from.is_encoded()) return wire::decode<T>(from.as<packet>().content());
  return std::move(from.as<T>());
}

}  // namespace troupe::actors
