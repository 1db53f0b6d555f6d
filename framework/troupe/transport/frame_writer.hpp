#pragma once

#include "troupe/transport/pipe_layout.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace troupe::transport {

/// The writing side of a ring of frames. Never waits. One thread at a time.
class frame_writer {
 public:
  frame_writer() = default;
  /// Goes on where the last owner of this side stopped. Relaxed: the arrival of the end orders that, SYNC "holder".
  frame_writer(std::byte* ring, std::size_t ring_bytes, pipe_direction& shared)
      : ring_{ring}
      , mask_{ring_bytes - 1}
      , shared_{&shared}
      , position_{shared.written.load(std::memory_order_relaxed)}
      , released_{shared.released.load(std::memory_order_acquire)} {}

  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

  /// Whether a frame with `length` bytes of payload may be written now. Looks at the reader's progress only if that is
  /// not known to be so.
  [[nodiscard]] bool fits(std::size_t length) noexcept {
    if (frame_bytes(length) <= free_bytes()) return true;
    released_ = shared_->released.load(std::memory_order_acquire);  // SYNC "released": the reader is done with it
    return frame_bytes(length) <= free_bytes();
  }
  /// How long its payload may be at most; 0 also if not even an empty frame fits. Looks if less than `enough` is known.
  [[nodiscard]] std::size_t room(std::size_t enough) noexcept {
    (void)fits(enough);
    return std::max<std::size_t>(free_bytes(), 8) - 8;
  }
  /// False if somebody has written nonsense into the shared memory: what I3 rules out.
  [[nodiscard]] bool sane() const noexcept {
    return position_ % 8 == 0 && released_ % 8 == 0 && position_ - released_ <= mask_ - 7;
  }

  /// Where the payload of the next frame goes, if it fits.
  [[nodiscard]] std::byte* payload() const noexcept { return at(position_) + 8; }

  /// The frame whose payload was written is there for the reader.
  void commit(std::uint8_t kind, std::size_t length) noexcept {
    const std::uint64_t next = position_ + frame_bytes(length);
    word(next).store(0, std::memory_order_relaxed);  // I1; released together with the header
    const frame_header header{static_cast<std::uint32_t>(length), kind, frame_header::check_of(position_)};
    word(position_).store(header.packed(), std::memory_order_release);  // COMMIT, SYNC "frame"
    position_ = next;
  }

  /// Lets the next owner of this side go on here.
  void hand_over() noexcept { hand_over_at(position_); }
  /// Lets him go on behind a frame of `length` bytes that is committed next.
  void hand_over_behind(std::size_t length) noexcept { hand_over_at(position_ + frame_bytes(length)); }

 private:
  void hand_over_at(std::uint64_t position) noexcept { shared_->written.store(position, std::memory_order_relaxed); }
  [[nodiscard]] std::byte* at(std::uint64_t position) const noexcept { return ring_ + (position & mask_); }
  [[nodiscard]] std::atomic_ref<std::uint64_t> word(std::uint64_t position) const noexcept {
    return std::atomic_ref{*reinterpret_cast<std::uint64_t*>(at(position))};
  }
  /// For frames with their headers.
  [[nodiscard]] std::size_t free_bytes() const noexcept {
    const std::uint64_t used = position_ - released_ + 8;  // with the 0 behind the last one
    return used <= mask_ ? mask_ + 1 - used : 0;
  }

  std::byte* ring_ = nullptr;
  std::size_t mask_ = 0;
  pipe_direction* shared_ = nullptr;
  std::uint64_t position_ = 0;
  std::uint64_t released_ = 0;  // as last seen
};

}  // namespace troupe::transport
