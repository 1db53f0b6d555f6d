#pragma once

#include "troupe/transport/byte_queue.hpp"

#include <cstddef>

namespace troupe::tree {

/// What every process may send to every other: a queue of byte strings that lies in the control memory, so that
/// reaching a process never heard of before needs no descriptor. Its backlog is bounded; a single larger message still
/// passes.
inline constexpr transport::byte_queue_limits inbox_limits{
    .items = 0, .backlog = std::size_t{4} << 20, .largest = (std::size_t{1} << 30) - 64, .type = 0};

/// The address space of one inbox.
[[nodiscard]] inline std::size_t inbox_size() noexcept { return transport::byte_queue::slice_size(inbox_limits); }

}  // namespace troupe::tree
