#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <limits>
#include <type_traits>

/// The fixed form of numbers on the wire: little-endian, no padding, the width of their C++ type.
namespace troupe::wire {

static_assert(sizeof(short) == 2 && sizeof(int) == 4 && sizeof(long) == 8 && sizeof(long long) == 8
                  && sizeof(wchar_t) == 4 && sizeof(std::size_t) == 8,
              "troupe's messages have one layout on all machines; it is the one of 64-bit Linux");
static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);

/// Numbers and characters that have one form on all machines. Not `bool`, whose bytes must be checked, and not
/// `long double`, which is another format on each architecture.
template <class T>
concept number = std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, long double>;

inline constexpr bool little_endian = std::endian::native == std::endian::little;

template <number T>
void store_number(std::byte* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
  if constexpr (!little_endian) std::reverse(at, at + sizeof value);
}

template <number T>
[[nodiscard]] T fetch_number(const std::byte* at) noexcept {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, at, sizeof bytes);
  if constexpr (!little_endian) std::reverse(bytes, bytes + sizeof bytes);
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace troupe::wire
