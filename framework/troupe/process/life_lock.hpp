#pragma once

#include "troupe/base/unique_fd.hpp"

#include <cstdint>

/// Private to the process room. The kernel's word on who lives.
///
/// Each process of a tree holds an open-file-description lock on one of the two bytes `2 * slot` of the control memory,
/// through an open file of its own. The kernel lets go of it when the process has ended, and when it calls exec: in
/// both cases after its last thread can store nothing more into shared memory. Neither a pid that is used again, nor a
/// debugger, a stop signal, or a main thread that ended before the others can make it lie.
namespace troupe::tree::life_lock {

/// A lock of the same kind for the servers of the tree, keeper and fork server together.
inline constexpr std::uint32_t of_servers = 1U << 16;

/// Takes the lock; whoever holds the descriptor, or inherits it, holds it. Throws `error`.
[[nodiscard]] unique_fd hold(int control_memory, std::uint32_t slot);
/// The same; empty if somebody holds it.
[[nodiscard]] unique_fd try_hold(int control_memory, std::uint32_t slot);
/// Takes it once more, on the other byte and through another open file, then gives up the first: copies of the first
/// descriptor that others got, between exec and this call, do not keep us alive.
[[nodiscard]] unique_fd renew(int control_memory, std::uint32_t slot, const unique_fd& first);
/// Whether somebody holds it.
[[nodiscard]] bool is_held(int control_memory, std::uint32_t slot) noexcept;

}  // namespace troupe::tree::life_lock
