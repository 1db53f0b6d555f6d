#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace troupe::transport {

/// What a slot holds: `kind:8 | copy:8 | length:48`, the kinds being those of any_value up to bytes.
struct item_state {
  std::uint8_t kind = 0;
  std::uint8_t copy = 0;  ///< 0 or 1: which of the slot's two copies counts
  std::uint64_t length = 0;

  [[nodiscard]] constexpr std::uint64_t pack() const noexcept { return kind | std::uint64_t{copy} << 8 | length << 16; }
  [[nodiscard]] static constexpr item_state unpack(std::uint64_t word) noexcept {
    return {static_cast<std::uint8_t>(word), static_cast<std::uint8_t>(word >> 8 & 1), word >> 16};
  }
};

/// One item of a shareable_list. The slots are the elements of its data_block; behind them lie the bytes.
///
/// Invariants:
///  L1  `offset` and `capacity` are constant. The copies lie at `offset` and `offset + capacity` from the first slot
///  on. L2  the bytes of copy `state.copy`, `state.length` of them, are the item. Only the other copy is ever written.
struct list_slot {
  std::uint64_t offset = 0;
  std::uint64_t capacity = 0;
  std::atomic<std::uint64_t> state{0};  // item_state; written under the lock. COMMIT set
  std::uint64_t unused = 0;
};
static_assert(sizeof(list_slot) == 32 && std::is_standard_layout_v<list_slot>);

}  // namespace troupe::transport
