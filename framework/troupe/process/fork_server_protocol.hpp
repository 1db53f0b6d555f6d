#pragma once

#include "troupe/process/process_table.hpp"

#include <cstdint>

/// Private to the process room: what processes and the fork server say to each other, one packet each way. Native
/// layout: both sides are the same program image.
namespace troupe::tree {

enum class request_kind : std::uint32_t { start, signal };

struct request {
  request_kind kind = request_kind::start;
  std::int32_t signal = 0;      // signal: its number
  process_id target{};          // signal: to whom
  std::uint64_t body_size = 0;  // start: the first descriptor holds this many bytes for the child
  process_name name{};          // start
};

struct reply {
  std::int32_t error = 0;  // errno of what failed; 0: done
  std::int32_t pid = 0;    // start
  process_id id{};         // start
};

}  // namespace troupe::tree
