#pragma once

#include "troupe/process/fork_server.hpp"

#include <optional>

/// Private to the process room: how a new process becomes a fresh image of the same program, for start_method::spawn.
/// What it is goes into one environment variable; the descriptors stay open.
namespace troupe::tree {

class membership;

/// Never returns: execs the program. Throws `error` if that fails.
[[noreturn]] void exec_program(const membership& place, const newborn& child);

struct program_image {
  process_table table;
  newborn child;
};
/// In such an image: what it is to do. Once.
[[nodiscard]] std::optional<program_image> spawned_image();

}  // namespace troupe::tree
