#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace troupe {

/// How a process ended.
struct exit_status {
  int code = 0;  ///< N for an exit with code N, -N for a death by signal N; 255 also if both fork servers were killed
  bool dumped_core = false;
  std::chrono::microseconds user_time{};    ///< processor time
  std::chrono::microseconds system_time{};  ///< the same, in the kernel
  std::uint64_t most_resident = 0;          ///< bytes
  std::string exception;                    ///< type and text of what escaped its function, cut at 255 bytes; or empty
};

}  // namespace troupe
