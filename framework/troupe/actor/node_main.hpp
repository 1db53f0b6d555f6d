#pragma once

#include "troupe/process/process_id.hpp"

#include <cstdint>

namespace troupe::actors {

/// What a node needs to know to begin.
struct node_settings {
  std::uint32_t threads = 1;
  std::uint64_t mailbox = 0;
  std::int64_t inbox_wait_ns = 0;
  process_id parent;
  std::uint64_t correlation = 0;  // the parent waits for the guardian's address as the answer to this
};

/// The life of a node's process. Returns its exit code.
int node_main(node_settings settings);

}  // namespace troupe::actors
