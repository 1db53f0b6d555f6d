#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace troupe::test {

[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ x >> 30U) * 0xbf58'476d'1ce4'e5b9U;
  x = (x ^ x >> 27U) * 0x94d0'49bb'1331'11ebU;
  return x ^ x >> 31U;
}

/// A message that proves itself: who made it, the how-manieth of its maker it is, any bytes, and a checksum over all of
/// it. One that is torn, or made of the parts of two, shows.
struct proven_item {
  std::uint32_t maker = 0;
  std::uint64_t sequence = 0;
  std::string payload;
  std::uint64_t checksum = 0;

  [[nodiscard]] static proven_item make(std::uint32_t maker, std::uint64_t sequence, std::size_t size) {
    proven_item item{maker, sequence, std::string(size, '\0'), 0};
    std::uint64_t state = maker * 0x1'0000'0001U ^ sequence << 20U;
    for (std::size_t i = 0; i < size; i += sizeof state) {
      state = mixed(state + size);
      std::memcpy(item.payload.data() + i, &state, size - i < sizeof state ? size - i : sizeof state);
    }
    item.checksum = item.sum();
    return item;
  }
  [[nodiscard]] bool is_whole() const noexcept { return checksum == sum(); }

 private:
  [[nodiscard]] std::uint64_t sum() const noexcept {
    std::uint64_t all = mixed(mixed(maker + 1) + sequence) + payload.size();
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < payload.size(); i += sizeof word) {
      word = 0;
      std::memcpy(&word, payload.data() + i, payload.size() - i < sizeof word ? payload.size() - i : sizeof word);
      all = (all ^ word) * 0x9e37'79b9'7f4a'7c15U;
      all ^= all >> 29U;
    }
    return mixed(all);
  }
};

/// The same in 8 bytes, without further bytes.
struct proven_word {
  std::uint16_t maker = 0;
  std::uint16_t checksum = 0;
  std::uint32_t sequence = 0;

  [[nodiscard]] static proven_word make(std::uint32_t maker, std::uint64_t sequence) {
    proven_word item{static_cast<std::uint16_t>(maker), 0, static_cast<std::uint32_t>(sequence)};
    item.checksum = item.sum();
    return item;
  }
  [[nodiscard]] bool is_whole() const noexcept { return checksum == sum(); }

 private:
  [[nodiscard]] std::uint16_t sum() const noexcept {
    return static_cast<std::uint16_t>(mixed(std::uint64_t{maker} << 32U | sequence | 1ULL << 63U));
  }
};

}  // namespace troupe::test
