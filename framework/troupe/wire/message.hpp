#pragma once

#include "troupe/base/error.hpp"
#include "troupe/wire/archive.hpp"
#include "troupe/wire/blank.hpp"
#include "troupe/wire/buffer.hpp"
#include "troupe/wire/handles.hpp"
#include "troupe/wire/type_identity.hpp"

#include <cstddef>
#include <new>
#include <span>

/// Whole values to bytes and back. Two threads may call these at once; one value or handle set belongs to one call.
namespace troupe::wire {

namespace messages {

/// Called in a handler: lets `troupe::error` and `std::bad_alloc` pass and turns any other exception, thrown by a
/// user's or Boost's loading code over bytes it does not like, into `errc::malformed`.
[[noreturn]] void rethrow_as_malformed(name_function name);

[[noreturn]] void throw_trailing(std::size_t trailing, name_function name);

}  // namespace messages

/// Writes `value` into `room` and returns the size that it needs. If that is larger than the room, the room's content
/// is worthless, and so are the handles that were added: `outgoing_handles::rewind` before the next try.
template <class T>
std::size_t encode_into(std::span<std::byte> room, const T& value, outgoing_handles* handles = nullptr) {
  save_archive ar{room, handles};
  ar << value;
  return ar.size();
}

/// `value` as bytes.
template <class T>
[[nodiscard]] buffer encode(const T& value, outgoing_handles* handles = nullptr) {
  const std::size_t handles_before = handles != nullptr ? handles->size() : 0;
  buffer bytes{buffer::inline_capacity};
  const std::size_t size = encode_into(bytes.span(), value, handles);
  if (size <= bytes.size()) {
    bytes.truncate(size);
    return bytes;
  }
  if (handles != nullptr) handles->rewind(handles_before);
  bytes = buffer{size};
  encode_into(bytes.span(), value, handles);
  return bytes;
}

/// Reads one value that takes up all of `bytes` into an existing object, whose memory is used again where possible.
/// Throws `errc::malformed` for bytes that are no such value; the object is valid then, but of unspecified value.
template <class T>
void decode_into(std::span<const std::byte> bytes, T& value, incoming_handles* handles = nullptr) {
  load_archive ar{bytes, handles};
  try {
    ar >> value;
  } catch (...) {
    messages::rethrow_as_malformed(&type_name<T>);
  }
  if (ar.remaining() != 0) messages::throw_trailing(ar.remaining(), &type_name<T>);
}

/// Reads one value that takes up all of `bytes`. Throws `errc::malformed` for bytes that are no such value.
template <class T>
[[nodiscard]] T decode(std::span<const std::byte> bytes, incoming_handles* handles = nullptr) {
  if constexpr (std::is_constructible_v<T, blank_t>) {
    T value(blank_t{});
    decode_into(bytes, value, handles);
    return value;
  } else if constexpr (std::is_default_constructible_v<T>) {
    T value{};
    decode_into(bytes, value, handles);
    return value;
  } else {
    load_archive ar{bytes, handles};
    try {
      constructed<T> value{ar};
      ar >> *value.get();
      if (ar.remaining() != 0) messages::throw_trailing(ar.remaining(), &type_name<T>);
      return std::move(*value.get());
    } catch (...) {
      messages::rethrow_as_malformed(&type_name<T>);
    }
  }
}

}  // namespace troupe::wire
