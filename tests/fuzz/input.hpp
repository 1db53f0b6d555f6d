#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

namespace fuzz {

/// The bytes that the fuzzer made up, taken piece by piece; zeros once there are none left.
class input {
 public:
  explicit input(std::span<const unsigned char> bytes) : bytes_{bytes} {}
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  template <class T>
  T take() {
    T value{};
    const std::size_t size = std::min(sizeof value, bytes_.size());
    if (size != 0) std::memcpy(&value, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return value;
  }
  std::uint8_t below(std::uint8_t limit) { return take<std::uint8_t>() % limit; }
  /// Any word, but often one of at most 14 `telling` ones.
  std::uint64_t word(std::span<const std::uint64_t> telling) {
    const std::uint8_t which = below(16);
    if (which < telling.size()) return telling[which];
    return which < 15 ? take<std::uint16_t>() : take<std::uint64_t>();
  }

 private:
  std::span<const unsigned char> bytes_;
};

}  // namespace fuzz
