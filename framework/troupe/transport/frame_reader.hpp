#pragma once

#include "troupe/base/error.hpp"
#include "troupe/transport/pipe_layout.hpp"

#include <span>

namespace troupe::transport {

/// The reading side of a ring of frames. Never waits. One thread at a time, but for `seems_ready`.
class frame_reader {
 public:
  struct frame {
    std::uint8_t kind = 0;  ///< with frame_header::with_handles
    std::span<const std::byte> payload;
  };

  frame_reader() = default;
  /// Goes on where the last owner of this side stopped. Relaxed: the arrival of the end orders that, SYNC "holder".
  frame_reader(const std::byte* ring, std::size_t ring_bytes, pipe_direction& shared)
      : ring_{ring}
      , mask_{ring_bytes - 1}
      , shared_{&shared}
      , position_{shared.released.load(std::memory_order_relaxed)}
      , published_{position_} {}

  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  [[nodiscard]] bool ready() const noexcept { return header(position_) != 0; }
  /// For any thread: the same, a moment ago.
  [[nodiscard]] bool seems_ready() const noexcept {
    for (;;) {
      // Relaxed: what counts is that it is still the same when the header was looked at.
      const std::uint64_t there = shared_position().load(std::memory_order_relaxed);
      const bool ready = header(there) != 0;
      if (shared_position().load(std::memory_order_relaxed) == there) return ready;
    }
  }
  /// False if it started from nonsense in the shared memory.
  [[nodiscard]] bool sane() const noexcept { return position_ % 8 == 0; }

  /// The frame at the front; `ready()` was true. It stays there until `pop`. Everything that its writer says is
  /// checked: throws errc::malformed for a frame that no writer makes.
  [[nodiscard]] frame front() const {
    const frame_header header = frame_header::unpack(this->header(position_));
    if (header.check != frame_header::check_of(position_) || header.length > longest_payload())
      throw error{errc::malformed, "the shared memory of a pipe holds no valid frame; who wrote that is not troupe"};
    return {header.what, {at(position_) + 8, header.length}};
  }
  [[nodiscard]] std::size_t longest_payload() const noexcept { return mask_ + 1 - 16; }

  /// Removes the front, a frame of `length` bytes. True if that was made known to the writer, who may wait for it.
  bool pop(std::size_t length) noexcept {
    shared_position().store(position_ + frame_bytes(length), std::memory_order_relaxed);  // see seems_ready
    if (position_ - published_ <= mask_ / 4) return false;
    publish();
    return true;
  }
  /// Makes known to the writer, and to the next owner of this side, how far this one came.
  void publish() noexcept {
    if (published_ == position_) return;
    published_ = position_;
    shared_->released.store(position_, std::memory_order_release);  // SYNC "released"
  }

 private:
  [[nodiscard]] const std::byte* at(std::uint64_t position) const noexcept { return ring_ + (position & mask_); }
  [[nodiscard]] std::atomic_ref<std::uint64_t> shared_position() const noexcept {
    return std::atomic_ref{const_cast<std::uint64_t&>(position_)};
  }
  [[nodiscard]] std::uint64_t header(std::uint64_t position) const noexcept {
    auto* word = reinterpret_cast<std::uint64_t*>(const_cast<std::byte*>(at(position)));
    return std::atomic_ref{*word}.load(std::memory_order_acquire);  // SYNC "frame"
  }

  const std::byte* ring_ = nullptr;
  std::size_t mask_ = 0;
  pipe_direction* shared_ = nullptr;
  std::uint64_t position_ = 0;
  std::uint64_t published_ = 0;
};

}  // namespace troupe::transport
