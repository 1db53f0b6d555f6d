#pragma once

#include "troupe/transport/byte_queue.hpp"

#include <algorithm>
#include <cstddef>

namespace troupe::tree {

/// What every process may send to every other: a queue of byte strings that lies in the control memory, so that
/// reaching a process never heard of before needs no descriptor. Its backlog is bounded; a single larger message still
/// passes, up to `largest` bytes.
[[nodiscard]] inline transport::byte_queue_limits inbox_limits(std::size_t largest) noexcept {
  return {.items = 0, .backlog = std::min(std::size_t{4} << 20, largest), .largest = largest, .type = 0};
}

/// The largest message where nothing limits it, and where hardly anything is allowed.
inline constexpr std::size_t largest_message = (std::size_t{1} << 30) - 64;
inline constexpr std::size_t least_message = (std::size_t{256} << 10) - 64;

/// The address space of one inbox.
[[nodiscard]] inline std::size_t inbox_size(std::size_t largest) noexcept {
  return transport::byte_queue::slice_size(inbox_limits(largest));
}

}  // namespace troupe::tree
