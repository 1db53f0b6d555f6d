#pragma once

#include "troupe/process/process_id.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace troupe {

/// Names one actor of the process tree for good: its process, and a number that process never gives twice.
struct actor_address {
  process_id process;
  std::uint64_t actor = 0;  ///< 0: nobody

  auto operator<=>(const actor_address&) const = default;
  [[nodiscard]] explicit operator bool() const noexcept { return actor != 0; }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & process & actor;
  }
};

/// "actor 7 of process bank (pid 42)".
[[nodiscard]] std::string describe(const actor_address& who);

}  // namespace troupe

template <>
struct std::hash<troupe::actor_address> {
  [[nodiscard]] std::size_t operator()(const troupe::actor_address& a) const noexcept {
    const std::uint64_t process = (std::uint64_t{a.process.generation} << 32U) | a.process.slot;
    return std::hash<std::uint64_t>{}((process * 0x9e3779b97f4a7c15ULL) ^ a.actor);
  }
};
