#pragma once

#include <cstdint>
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

/// Processor time of all cores since the system started, in ns: what was used by anybody, and what there was.
struct machine_time {
  std::int64_t used = 0;
  std::int64_t all = 0;
};
[[nodiscard]] machine_time time_of_machine();

/// Processor time of this process and the children it has awaited, in ns.
[[nodiscard]] std::int64_t time_of_children();

/// Processes that wanted to run, on average over the last minute: others who disturb. Negative if unknown.
[[nodiscard]] double load();

/// The date and time, UTC, as 2030-01-31T12:00:00Z.
[[nodiscard]] std::string date();

}  // namespace bench
