#pragma once

#include "troupe/process/fork_server.hpp"

/// Private to the process room.
namespace troupe::tree {

/// The life of a child: joins the tree, decodes its function and arguments, runs it. Returns the exit code; an escaping
/// exception is printed with the process's name and gives 1.
[[nodiscard]] int run_child(process_table table, newborn child);

}  // namespace troupe::tree
