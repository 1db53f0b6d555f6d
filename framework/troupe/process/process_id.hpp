#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace troupe {

/// Names one process of the tree for good: a slot of the process table and how often it had been used. Unlike a pid it
/// is never given to another process.
struct process_id {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  ///< 0: nobody

  auto operator<=>(const process_id&) const = default;
  [[nodiscard]] explicit operator bool() const noexcept { return generation != 0; }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & slot & generation;
  }
};

}  // namespace troupe
