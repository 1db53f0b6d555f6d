#pragma once

#include "troupe/process/process_id.hpp"
#include "troupe/transport/byte_queue.hpp"

#include <string>

/// What a process knows of the tree it belongs to. All of these are thread-safe and throw errc::no_system in a program
/// that has no `troupe::system`.
namespace troupe::tree {

/// This process.
[[nodiscard]] process_id self();
/// Whether a `troupe::system` exists in this process or, in a child, in its root.
[[nodiscard]] bool has_system() noexcept;
/// Whether `id` is certainly not running any more, and how it ended is known; proven, never guessed.
[[nodiscard]] bool has_ended(process_id id);
/// "process bank (pid 42)".
[[nodiscard]] std::string describe(process_id id);
/// "process bank (pid 42) was killed by signal 9 (SIGKILL)".
[[nodiscard]] std::string describe_death(process_id id);

/// Has `ending` called when this process's function has returned, before it leaves the tree: for threads that use the
/// tree until then. Only in children; the root's end is its system's destructor. One at most.
void at_leave(void (*ending)() noexcept) noexcept;

/// Makes this process's own inbox; from then on others can send to it. Once per process.
[[nodiscard]] transport::byte_queue& open_inbox();
/// Tells `asker` that an answer of this process to it could not be delivered: the way for when there is no other.
void tell_undelivered(process_id asker) noexcept;
/// Whether `partner` has told this process so since the last call.
[[nodiscard]] bool take_undelivered(process_id partner);
/// The inbox of another process. Throws errc::process_died if it ended, errc::no_system if it hosts no actors.
/// Keep a copy: the look-up takes a lock.
[[nodiscard]] transport::byte_queue inbox_of(process_id id);

}  // namespace troupe::tree
