#pragma once

#include "troupe/transport/connection.hpp"

#include <utility>

namespace troupe {

/// Asks `pipe` for a one-way pipe.
struct simplex_t {};
inline constexpr simplex_t simplex{};

/// A new two-way pipe: what is sent on one end is received on the other.
/// Both ends start in this process; move one to another process to talk to it. Throws `error` (out of descriptors).
[[nodiscard]] std::pair<connection, connection> pipe();
/// A new one-way pipe: (reading end, writing end).
[[nodiscard]] std::pair<connection, connection> pipe(simplex_t);

}  // namespace troupe
