#pragma once

#include <string>

namespace bench {

/// Where the figures come from; nothing that names a person or a host.
struct machine {
  std::string processor;
  int cores = 0;  ///< that this process may use
  std::string kernel;
  std::string compiler;
};
[[nodiscard]] machine this_machine();

/// Processes that wanted to run, on average over the last minute: others who disturb. Negative if unknown.
[[nodiscard]] double load();

/// The date and time, UTC, as 2030-01-31T12:00:00Z.
[[nodiscard]] std::string date();

}  // namespace bench
