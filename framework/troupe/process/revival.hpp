#pragma once

#include "troupe/process/fork_server_protocol.hpp"

/// Private to the process room: a tree whose keeper and fork server were both killed.
namespace troupe::tree {

/// Whether one of the two lives.
[[nodiscard]] bool servers_live(const process_table& table) noexcept;

/// How often servers are started anew that never come to work, until it is given up.
inline constexpr std::uint32_t most_revivals = 3;

/// Called by any process that finds none, as often as it likes: of all who do, one at a time comes further. It
/// publishes who has died, as the life locks prove, and ends the children of the dead. If the first process lives, it
/// then starts a fresh image of the program as the new keeper; that takes over everybody who is there. Without the
/// first process nothing is started any more: those who are left see to the dead in this way until the last of them
/// ends. What goes wrong is logged.
void do_without_servers(const process_table& table, const request_channel& requests) noexcept;

}  // namespace troupe::tree
