#pragma once

#include "troupe/memory/event_count.hpp"
#include "troupe/memory/robust_lock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// Private to the transport room: what a queue looks like in shared memory. Drawn in docs/layout.md.
namespace troupe::transport {

/// A position in the stream of a queue, packed so that one 8-byte store moves it: how many items came before
/// (modulo 2^32) and where the next frame starts, in 8-byte units (modulo 2^32).
struct cursor {
  std::uint32_t items = 0;
  std::uint32_t units = 0;

  [[nodiscard]] static cursor unpack(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word >> 32), static_cast<std::uint32_t>(word)};
  }
  [[nodiscard]] std::uint64_t pack() const noexcept { return std::uint64_t{items} << 32 | units; }
  [[nodiscard]] cursor after_frame(std::uint32_t frame_units) const noexcept {
    return {items + 1, units + frame_units};
  }
};

inline constexpr std::size_t unit = 8;
inline constexpr std::uint64_t queue_magic = 0x3130'5155'5254'6551;
inline constexpr std::uint32_t queue_version = 2;

/// The first page of a queue; the ring follows.
///
/// Invariants
///  I1  head <= tail (as positions in the stream), and tail - head <= window.
///  I2  [head, tail) is a sequence of whole frames: u64 length in bytes, then the bytes, then padding to 8.
///      What lies outside is garbage.
///  I3  `window` is a power of two; position p of the stream lies at byte p mod window of the ring. It changes only
///      under both locks (producer's first), after the frames were copied to where the new window wants them.
///  I4  ring bytes [0, window) are backed by memory.
///  I5  head_seen and tail_seen are former values of head and tail, so head_seen <= head and head <= tail_seen <= tail.
///      They spare each side the other's cache line while there is plenty of room, or of items.
/// Commit points: put: the store to `tail`. get: the store to `head`. grow and shrink: the store to `window`.
/// Whoever is killed before its commit has changed nothing but garbage; after it, the operation has happened.
struct queue_layout {
  std::uint64_t magic = 0;  // written last when the queue is made; constant afterwards, like the next seven
  std::uint32_t version = queue_version;
  std::uint32_t item_limit = 0;
  std::uint64_t type = 0;
  std::uint64_t backlog = 0;
  std::uint64_t ring_size = 0;
  std::uint64_t first_window = 0;
  std::uint32_t asymmetric = 0;             // 1: the light side of the event counts' fence is free
  std::atomic<std::uint32_t> shut_down{0};  // 0 -> 1, by anybody
  alignas(128) memory::robust_lock producers;
  std::atomic<std::uint64_t> tail{0};       // cursor; written under `producers`
  std::atomic<std::uint64_t> head_seen{0};  // cursor; written under `producers`: a head of some time ago
  std::atomic<std::uint64_t> window{0};     // bytes; written under both locks
  alignas(128) memory::robust_lock consumers;
  std::atomic<std::uint64_t> head{0};          // cursor; written under `consumers`
  std::atomic<std::uint64_t> tail_seen{0};     // cursor; written under `consumers`: a tail of some time ago
  alignas(128) memory::event_count not_empty;  // notified after `tail` moved
  alignas(128) memory::event_count not_full;   // notified after `head` moved
};

inline constexpr std::size_t queue_header_size = 4096;
static_assert(sizeof(queue_layout) <= queue_header_size);
static_assert(std::is_standard_layout_v<queue_layout>);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(std::atomic<std::uint64_t>) == 8);

}  // namespace troupe::transport
