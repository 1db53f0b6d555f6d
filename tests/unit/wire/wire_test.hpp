#pragma once

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "troupe/base/error.hpp"
#include "troupe/wire/message.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe_test {

using bytes = std::vector<std::byte>;

inline bytes bytes_of(std::initializer_list<unsigned> values) {
  bytes result;
  for (const unsigned value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

template <class T>
bytes encoded(const T& value) {
  const auto buffer = troupe::wire::encode(value);
  return {buffer.data(), buffer.data() + buffer.size()};
}

template <class T>
T round_trip(const T& value) {
  return troupe::wire::decode<T>(encoded(value));
}

/// The error that `f` throws; none if it does not throw one.
template <class F>
std::optional<troupe::error> error_of(F&& f) {
  try {
    f();
  } catch (const troupe::error& e) {
    return e;
  }
  return std::nullopt;
}
/// Does the error's text hold all of these?
inline bool says(const troupe::error& error, std::initializer_list<std::string_view> parts) {
  INFO(error.what());
  return std::ranges::all_of(parts, [&](std::string_view part) {
    CHECK(std::string_view{error.what()}.find(part) != std::string_view::npos);
    return std::string_view{error.what()}.find(part) != std::string_view::npos;
  });
}
/// The error of decoding these bytes as a T.
template <class T>
std::optional<troupe::error> refusal_of(const bytes& message) {
  return error_of([&] { static_cast<void>(troupe::wire::decode<T>(message)); });
}
template <class T>
bool is_malformed(const bytes& message) {
  const auto error = refusal_of<T>(message);
  return error && error->code() == troupe::errc::malformed;
}

/// Bytes that may be anything are either refused as malformed or are a value that can travel on. Nothing allocates
/// much more than the message is long.
template <class T>
bool is_refused_or_valid(const bytes& message) {
  try {
    const allocations during;
    const T value = troupe::wire::decode<T>(message);
    if (during.largest() > 8192 + 64 * message.size()) return false;
    static_cast<void>(encoded(value));
    return true;
  } catch (const troupe::error& e) {
    // What arrived may be a value that cannot be sent again; only the bytes themselves must not be to blame.
    return e.code() == troupe::errc::malformed || e.code() == troupe::errc::invalid_argument;
  }
}

template <class T>
void check_size_is_counted_past_the_end(const T& value, const bytes& message) {
  for (std::size_t room = 0; room <= message.size(); room += 1 + room / 4) {
    bytes small(room + 1, std::byte{0xee});
    CHECK(troupe::wire::encode_into(std::span{small}.first(room), value) == message.size());
    CHECK(small[room] == std::byte{0xee});
  }
}

template <class T>
void check_hostile_variations(const bytes& message) {
  for (std::size_t size = 0; size < message.size(); ++size)
    CHECK(is_refused_or_valid<T>(bytes(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size))));
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    bytes changed = message;
    changed[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    if (!is_refused_or_valid<T>(changed)) FAIL_CHECK("bit " << bit << " of " << message.size() << " bytes");
  }
  for (std::size_t at = 0; at < message.size(); ++at) {
    bytes changed = message;
    for (std::size_t i = at; i < std::min(at + 4, changed.size()); ++i) changed[i] = std::byte{0xff};
    CHECK(is_refused_or_valid<T>(changed));
  }
  bytes longer = message;
  longer.push_back(std::byte{0});
  CHECK(is_malformed<T>(longer));
}

/// Everything that holds for a message of any type, given one value.
template <class T>
void check_travels(const T& value) {
  INFO(troupe::wire::type_name<T>());
  const bytes message = encoded(value);
  CHECK(message.size() >= troupe::wire::codec<T>::min_size());
  T arrived = troupe::wire::decode<T>(message);
  CHECK(encoded(arrived).size() == message.size());
  if constexpr (std::equality_comparable<T>)
    CHECK(arrived == value);
  else
    CHECK(encoded(arrived) == message);
  troupe::wire::decode_into(message, arrived);
  if constexpr (std::equality_comparable<T>) CHECK(arrived == value);
  check_size_is_counted_past_the_end(value, message);
  check_hostile_variations<T>(message);
}

}  // namespace troupe_test
