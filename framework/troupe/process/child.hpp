#pragma once

#include "troupe/process/fork_server.hpp"

#include <optional>

/// Private to the process room: the life of a process that the fork server started.
namespace troupe::tree {

/// What happens in a new process once it exists: it takes its place in the system (standard streams, working directory,
/// settings), joins the tree, decodes its function and arguments, runs it, and leaves. Returns the exit code; an
/// escaping exception is logged with the process's name and gives 1. With start_method::spawn the same goes on in a
/// fresh image of the program.
[[nodiscard]] int run_child(process_table table, newborn child);

/// In a fresh image of the program that was made for the tree (program_image.hpp): goes on as what it is to be, and
/// exits. Else returns.
void go_on_if_ordered();

}  // namespace troupe::tree
