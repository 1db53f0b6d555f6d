#pragma once

#include "troupe/memory/event_count.hpp"
#include "troupe/memory/robust_lock.hpp"
#include "troupe/transport/byte_queue.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
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
inline constexpr std::uint32_t queue_version = 4;

/// A consumer's signature for the items that it took last, until it comes back to the queue. One for each thread.
///
/// Written by its owner; `owner` itself also by whoever holds `consumers`. A signature of items that `head` has not
/// passed was never completed, and is taken back by whoever gets `consumers` from a dead owner. Its name stands here
/// because its row of the process table may be another process's before somebody asks.
struct alignas(128) queue_claim {
  std::atomic<std::uint64_t> owner{0};  // owner word; 0: free. Once its writer is dead: of the one who reports
  std::atomic<std::uint64_t> first{0};  // how many items came before the first
  std::atomic<std::uint64_t> count{0};  // 0: nothing was taken
  std::array<char, 104> consumer{};     // "process bank (pid 42)", zero terminated; written before `owner`

  void name_consumer(std::string_view text) noexcept;
  /// Whatever bytes are there: one line, without control characters.
  [[nodiscard]] std::string consumer_name() const;
};
static_assert(sizeof(queue_claim) == 128 && std::is_standard_layout_v<queue_claim>);
inline constexpr std::uint32_t claim_count = 1024;

/// The word behind the length of each frame of a leased queue, changed by one store under `consumers`.
struct lease_word {
  enum state : std::uint32_t { waiting, taken, returned, done };
  static constexpr std::uint32_t most_deliveries = (1U << 14) - 1;

  state what = waiting;
  std::uint32_t deliveries = 0;  // how often it was taken
  std::uint64_t owner = 0;       // owner word of whoever has it; its slot is below 2^16

  [[nodiscard]] static lease_word unpack(std::uint64_t word) noexcept {
    return {static_cast<state>(word >> 62), static_cast<std::uint32_t>(word >> 48) & most_deliveries,
            word & ((std::uint64_t{1} << 48) - 1)};
  }
  [[nodiscard]] std::uint64_t pack() const noexcept {
    return std::uint64_t{what} << 62 | std::uint64_t{deliveries} << 48 | owner;
  }
};

/// The first page of a queue; the claims follow, then the ring.
///
/// Invariants
///  I1  head <= tail (as positions in the stream), and tail - head <= window.
///  I2  [head, tail) is a sequence of whole frames: u64 length in bytes, then the bytes, then padding to 8.
///      What lies outside is garbage. A leased queue has a lease_word behind the length.
///  I3  `window` is a power of two; position p of the stream lies at byte p mod window of the ring. It changes only
///      under both locks (producer's first), after the frames were copied to where the new window wants them.
///  I4  ring bytes [0, window) are backed by memory.
///  I5  head_seen and tail_seen are former values of head and tail, so head_seen <= head and head <= tail_seen <= tail.
///      They spare each side the other's cache line while there is plenty of room, or of items.
///  I6  A leased queue: head <= next <= tail. Frames from `next` on are waiting, whatever the state in their lease word
///      says; those before it are what it says. `head` passes only what is done.
///  I7  `returned` is at least the number of returned frames in [head, next).
///  I8  `taken` is within 2^31 of the number of items before `head`, of which a cursor has the low half.
/// Commit points: put: the store to `tail`. get: the store to `head`. grow and shrink: the store to `window`.
/// lease: of a frame that waited, the store to `next`; of a returned one, the store to its lease word. done, give_back,
/// and taking a lease from the dead: the store to the lease word.
/// Whoever is killed before its commit has changed nothing but garbage; after it, the operation has happened.
struct queue_layout {
  std::uint64_t magic = 0;  // written last when the queue is made; constant afterwards, like all up to `name`
  std::uint32_t version = queue_version;
  std::uint32_t item_limit = 0;
  std::uint64_t type = 0;
  std::uint64_t backlog = 0;
  std::uint64_t ring_size = 0;
  std::uint32_t asymmetric = 0;  // 1: the light side of the event counts' fence is free
  delivery lost_items = delivery::unclaimed;
  std::uint32_t most_deliveries = 0;        // of a leased item; 0: no limit
  std::atomic<std::uint32_t> shut_down{0};  // 0 -> 1, by anybody
  // Bytes; written under both locks, and read with every item: so it lies where next to nothing is ever written.
  std::atomic<std::uint64_t> window{0};
  std::array<char, 64> name{};  // zero terminated
  alignas(128) memory::robust_lock producers;
  std::atomic<std::uint64_t> tail{0};       // cursor; written under `producers`
  std::atomic<std::uint64_t> head_seen{0};  // cursor; written under `producers`: a head of some time ago
  std::atomic<std::uint64_t> carried{0};    // written under `producers`: tag of the last packet with descriptors
  alignas(128) memory::robust_lock consumers;
  std::atomic<std::uint64_t> head{0};          // cursor; written under `consumers`
  std::atomic<std::uint64_t> tail_seen{0};     // cursor; written under `consumers`: a tail of some time ago
  std::atomic<std::uint64_t> next{0};          // cursor; written under `consumers`; leased queues only
  std::atomic<std::uint64_t> taken{0};         // written under `consumers`
  std::atomic<std::uint32_t> returned{0};      // written under `consumers`
  std::atomic<std::uint32_t> claims_used{0};   // written under `consumers`: how many claims were ever used
  alignas(128) memory::event_count not_empty;  // notified after `tail` moved
  alignas(128) memory::event_count not_full;   // notified after `head` moved
};

inline constexpr std::size_t queue_page = 4096;
inline constexpr std::size_t queue_header_size = queue_page + claim_count * sizeof(queue_claim);
static_assert(sizeof(queue_layout) <= queue_page && queue_header_size % queue_page == 0);
static_assert(std::is_standard_layout_v<queue_layout>);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(std::atomic<std::uint64_t>) == 8);

}  // namespace troupe::transport
