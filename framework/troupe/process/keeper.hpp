#pragma once

#include "troupe/process/fork_server.hpp"

#include <optional>

/// Private to the process room.
namespace troupe::tree {

/// The life of the servers of a tree, from the first one on: a **keeper** that has a fork server as its child, forks
/// another one whenever that dies, and is the one to which orphaned processes of the tree fall. If the keeper dies, the
/// fork server becomes the keeper and forks a fork server. So each of them may be killed at any time; if both die
/// before either was replaced, whoever notices it makes a new keeper (revival.hpp).
///
/// Returns in each new process, with what it is to do; and with nothing in a server when the tree is over.
[[nodiscard]] std::optional<newborn> keep_servers(server_seat& seat);

}  // namespace troupe::tree
