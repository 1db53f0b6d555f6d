#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// The shared memory of a pipe: this header page, then one ring for each direction (docs/layout.md draws it).
namespace troupe::transport {

inline constexpr std::uint64_t pipe_magic = 0x6570'6970'7075'7274;  // "truppipe"
inline constexpr std::uint32_t pipe_version = 1;
inline constexpr std::size_t pipe_ring_bytes = std::size_t{256} << 10;

/// One direction: a ring of bytes with one writer and one reader.
///
/// The ring holds frames, each at a multiple of 8: a header word, then the payload. A header of 0 means "not written
/// yet". Invariants
///
///  - I1  The word behind the last committed frame is 0, so a reader never takes old bytes for a frame.
///  - I2  A frame exists from the one store of its header on (the commit, SYNC "frame"); its payload, and the 0 behind
///        it, were stored before.
///  - I3  `released` <= the reader's position <= the writer's position <= `released` + the ring's size - 8. All are
///        multiples of 8. Positions count the bytes of the stream.
///  - I4  A flag that asks for a wake is set by who sleeps, and cleared only by the other side, just before it wakes:
///        several threads may have asked.
struct pipe_direction {
  /// The state word, a futex, holds a set of these, and the number of wakes.
  enum flag : std::uint32_t {
    /// The reader sleeps, or is about to, until a frame comes. Set by the reader, cleared by the writer.
    reader_waits = 1,
    /// The writer sleeps, or is about to, until there is room. Set by the writer, cleared by the reader.
    writer_waits = 2,
    /// The reader wants a token in its socket for the next frame. Set by the reader, cleared by the writer.
    reader_polls = 4,
    /// Nothing more will come. Set by the writer, never cleared.
    writer_closed = 8,
    /// Nobody will read. Set by the reader, never cleared.
    reader_closed = 16,
  };
  /// The bits above the flags count the wakes. So a word that was seen before a wake does not come back when another
  /// thread sets the same flag again, and who saw it does not fall asleep on it.
  static constexpr std::uint32_t one_wake = 32;

  /// Where the writer's next owner goes on. Written by the writer, before its end moves to another process.
  alignas(128) std::atomic<std::uint64_t> written;
  /// The bytes in front of this may be overwritten. Written by the reader, now and then.
  alignas(128) std::atomic<std::uint64_t> released;
  alignas(128) std::atomic<std::uint32_t> state;
};

struct pipe_layout {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t asymmetric;  ///< 1: the light side of the fence is free (memory/asymmetric_fence.hpp)
  /// For each end: who may use it. 0 nobody yet, odd an end on its way (a ticket), even its owner.
  ///
  ///  - I5  An end has one owner at most: the owner stores the ticket, and an arriving end takes it by CAS ticket ->
  ///        owner (SYNC "holder"), so of two copies of one end only one can.
  std::atomic<std::uint64_t> holder[2];
  pipe_direction directions[2];  ///< [i] is written by end i
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(std::is_standard_layout_v<pipe_layout>);
static_assert(sizeof(pipe_direction) == 384 && sizeof(pipe_layout) == 896);
static_assert(offsetof(pipe_direction, released) == 128 && offsetof(pipe_direction, state) == 256);
static_assert(offsetof(pipe_layout, holder) == 16 && offsetof(pipe_layout, directions) == 128);

/// A frame's header word: length of the payload in the low half, then the kind, then the low bits of its position in
/// the stream (in words), which an old or invented header hardly has.
struct frame_header {
  enum kind : std::uint8_t {
    raw = 1,    ///< a whole message: bytes
    typed = 2,  ///< a whole message: its type (u64), bytes
    first = 3,  ///< the start of a large message: its type, its size (u64 each), the first bytes of it
    more = 4,   ///< further bytes
    last = 5,   ///< the last bytes: the message is committed
  };
  static constexpr std::uint8_t with_handles = 0x80;  // added to the kind: descriptors wait in the socket

  std::uint32_t length;
  std::uint8_t what;
  std::uint32_t check;  // 24 bits

  static constexpr std::uint32_t check_of(std::uint64_t position) { return (position / 8 + 1) & 0xff'ffff; }
  [[nodiscard]] constexpr std::uint64_t packed() const {
    return length | std::uint64_t{what} << 32 | std::uint64_t{check} << 40;
  }
  static constexpr frame_header unpack(std::uint64_t word) {
    return {static_cast<std::uint32_t>(word), static_cast<std::uint8_t>(word >> 32),
            static_cast<std::uint32_t>(word >> 40)};
  }
};

inline constexpr std::uint64_t frame_bytes(std::uint64_t payload) { return 8 + (payload + 7) / 8 * 8; }

}  // namespace troupe::transport
