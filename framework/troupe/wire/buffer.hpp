#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace troupe::wire {

/// An owned run of bytes, move-only. Up to `inline_capacity` bytes lie in the object itself, so a small message costs
/// no allocation; larger ones live on the heap.
class buffer {
 public:
  static constexpr std::size_t inline_capacity = 256;

  buffer() noexcept {}  // NOLINT(modernize-use-equals-default): with a defaulted one, `T{}` would zero the inline bytes
  /// `size` bytes of unspecified content.
  explicit buffer(std::size_t size) : size_{size} {
    if (size > inline_capacity) heap_ = std::make_unique_for_overwrite<std::byte[]>(size);
  }
  buffer(buffer&& other) noexcept { take(other); }
  buffer& operator=(buffer&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }

  [[nodiscard]] std::byte* data() noexcept { return heap_ ? heap_.get() : inline_.data(); }
  [[nodiscard]] const std::byte* data() const noexcept { return heap_ ? heap_.get() : inline_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::span<std::byte> span() noexcept { return {data(), size_}; }
  [[nodiscard]] std::span<const std::byte> span() const noexcept { return {data(), size_}; }

  /// Keeps the first `size` bytes; `size` must not be larger than `size()`.
  void truncate(std::size_t size) noexcept { size_ = size; }

 private:
  void take(buffer& other) noexcept {
    size_ = std::exchange(other.size_, 0);
    heap_ = std::move(other.heap_);
    if (!heap_) std::copy_n(other.inline_.data(), size_, inline_.data());
  }

  std::size_t size_ = 0;
  std::unique_ptr<std::byte[]> heap_;              // set exactly if the size at construction was above the limit
  std::array<std::byte, inline_capacity> inline_;  // deliberately not initialised
};

}  // namespace troupe::wire
