#pragma once

#include "troupe/base/error.hpp"
#include "troupe/wire/message.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace troupe::transport {

/// A run of items in this process's memory, in the form in which a queue holds them: u64 length, bytes, padding to 8.
class frame_batch {
 public:
  [[nodiscard]] bool empty() const noexcept { return start_ == end_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_.get() + start_, end_ - start_}; }

  /// Appends a value as an item.
  template <class T>
  void add(const T& value) {
    constexpr std::size_t usual = 256;
    for (std::size_t room = usual;;) {
      std::byte* place = extend(8 + room);
      const std::size_t size = wire::encode_into({place + 8, room}, value);
      if (size <= room) return close(place, size);
      room = (size + 7) / 8 * 8;
    }
  }
  /// Room for `size` bytes of whole frames at the end; `extended` says how many of them are there.
  [[nodiscard]] std::byte* extend(std::size_t size) {
    if (capacity_ - end_ < size) grow(size);
    return data_.get() + end_;
  }
  void extended(std::size_t size) noexcept { end_ += size; }

  /// The bytes of the first item. There must be one. Throws errc::malformed if the bytes are no whole items.
  [[nodiscard]] std::span<const std::byte> front() const {
    std::uint64_t length = 0;
    std::memcpy(&length, data_.get() + start_, 8);
    if (length > end_ - start_ - 8)
      throw error{errc::malformed, "an item in a queue is longer than what is there of it"};
    return {data_.get() + start_ + 8, length};
  }
  void pop() { start_ += frame_bytes(front().size()); }

  [[nodiscard]] static constexpr std::size_t frame_bytes(std::size_t payload) noexcept {
    return 8 + (payload + 7) / 8 * 8;
  }

 private:
  void close(std::byte* place, std::uint64_t size) noexcept {
    std::memcpy(place, &size, 8);
    end_ += frame_bytes(size);
  }
  void grow(std::size_t size) {
    const std::size_t used = end_ - start_;
    const std::size_t wanted = std::max(2 * capacity_, used + size);
    auto larger = std::make_unique_for_overwrite<std::byte[]>(wanted);
    if (used != 0) std::memcpy(larger.get(), data_.get() + start_, used);
    data_ = std::move(larger);
    capacity_ = wanted;
    start_ = 0;
    end_ = used;
  }

  std::unique_ptr<std::byte[]> data_;
  std::size_t capacity_ = 0;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
};

}  // namespace troupe::transport
