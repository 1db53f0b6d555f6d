#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace bench {

/// The stamp of the message that ends a measurement; no other carries it.
inline constexpr std::uint64_t stop_stamp = ~std::uint64_t{0};

// Up to a page every word is written and summed, beyond that one in each cache line: else the writing would be
// measured.
[[nodiscard]] inline std::size_t step_for(std::size_t size) { return size <= 4096 ? 8 : 64; }

[[nodiscard]] inline std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t word;
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

/// Fills a payload of at least 8 bytes with what `stamp` says; returns the sum that the receiver must find.
inline std::uint64_t fill(std::span<std::byte> bytes, std::uint64_t stamp) {
  const std::size_t step = step_for(bytes.size());
  std::uint64_t sum = 0;
  for (std::size_t offset = 0; offset + 8 <= bytes.size(); offset += step) {
    const std::uint64_t word = stamp + offset;
    std::memcpy(bytes.data() + offset, &word, sizeof word);
    sum += word;
  }
  return sum;
}

[[nodiscard]] inline std::uint64_t sum_of(std::span<const std::byte> bytes) {
  const std::size_t step = step_for(bytes.size());
  std::uint64_t sum = 0;
  for (std::size_t offset = 0; offset + 8 <= bytes.size(); offset += step) sum += word_at(bytes, offset);
  return sum;
}

[[nodiscard]] inline bool is_stop(std::span<const std::byte> bytes) { return word_at(bytes, 0) == stop_stamp; }

/// The small struct.
struct record {
  std::int64_t id = 0;
  double price = 0;
  std::string text;
  std::vector<int> numbers;
};

[[nodiscard]] inline record sample_record() { return {0, 2.0, "sixteen letters!", {1, 2, 3, 4, 5, 6, 7, 8}}; }

/// Changes the sample to what `stamp` says; returns its sum.
inline std::uint64_t fill(record& r, std::uint64_t stamp) {
  r.id = static_cast<std::int64_t>(stamp);
  r.numbers[0] = static_cast<int>(stamp & 0xffff);
  return stamp + (stamp & 0xffff) + (2 + 3 + 4 + 5 + 6 + 7 + 8) + 's' + 2;
}

[[nodiscard]] inline std::uint64_t sum_of(const record& r) {
  std::uint64_t sum =
      static_cast<std::uint64_t>(r.id) + static_cast<std::uint64_t>(r.price) + static_cast<unsigned char>(r.text[0]);
  for (const int n : r.numbers) sum += static_cast<std::uint64_t>(n);
  return sum;
}

[[nodiscard]] inline bool is_stop(const record& r) { return static_cast<std::uint64_t>(r.id) == stop_stamp; }

/// The record as bytes, by hand, for the peers that know bytes only: the least that such a struct can cost.
inline constexpr std::size_t record_size = 8 + 8 + 16 + 8 * 4;
using record_bytes = std::array<std::byte, record_size>;

inline void encode(const record& r, record_bytes& bytes) {
  std::memcpy(bytes.data(), &r.id, 8);
  std::memcpy(bytes.data() + 8, &r.price, 8);
  std::memcpy(bytes.data() + 16, r.text.data(), 16);
  std::memcpy(bytes.data() + 32, r.numbers.data(), 32);
}

[[nodiscard]] inline record decode(const record_bytes& bytes) {
  record r;
  std::memcpy(&r.id, bytes.data(), 8);
  std::memcpy(&r.price, bytes.data() + 8, 8);
  r.text.assign(reinterpret_cast<const char*>(bytes.data() + 16), 16);
  r.numbers.resize(8);
  std::memcpy(r.numbers.data(), bytes.data() + 32, 32);
  return r;
}

}  // namespace bench
