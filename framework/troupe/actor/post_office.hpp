#pragma once

#include "troupe/actor/packet.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/process/process_id.hpp"

#include <cstddef>
#include <span>

namespace troupe::actors {

/// Puts one packet into the inbox of another process; waits for room there up to `limit`. False if there was none.
/// Throws errc::process_died, errc::closed if that process is ending, errc::no_system if it hosts no actors, and
/// errc::message_too_large. Thread-safe.
[[nodiscard]] bool send_packet(process_id to, packet_header header, std::span<const std::byte> content, deadline limit);

}  // namespace troupe::actors
