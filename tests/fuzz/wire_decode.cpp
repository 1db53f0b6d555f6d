#include "wire_types.hpp"

#include "troupe/base/error.hpp"

#include <cstdlib>
#include <sanitizer/lsan_interface.h>
#include <span>
#include <utility>

// Any bytes either are refused as malformed or are a value; a value can be encoded, and what comes of that is the same
// value again. The first byte chooses the type. Run with -malloc_limit_mb=64: no message may make us allocate more.

namespace {

// A value may still be one that a sender would have refused; then it just cannot be sent on.
template <class T>
void send_on(const T& value) {
  try {
    const auto first = troupe::wire::encode(value);
    const auto second = troupe::wire::encode(troupe::wire::decode<T>(first.span()));
    if (first.size() != second.size()) std::abort();
  } catch (const troupe::error& e) {
    if (e.code() != troupe::errc::invalid_argument && e.code() != troupe::errc::message_too_large) std::abort();
  }
}

template <class T>
void decode_as(std::span<const std::byte> bytes) {
  const bool leaks = std::is_same_v<T, fuzz::part>;
  if (leaks) __lsan_disable();
  try {
    send_on(troupe::wire::decode<T>(bytes));
  } catch (const troupe::error& e) {
    if (e.code() != troupe::errc::malformed) std::abort();
  }
  if (leaks) __lsan_enable();
}

template <std::size_t... I>
void decode_as_type(std::size_t type, std::span<const std::byte> bytes, std::index_sequence<I...>) {
  ((I == type ? decode_as<std::tuple_element_t<I, fuzz::types>>(bytes) : void()), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span{data, size});
  constexpr std::size_t count = std::tuple_size_v<fuzz::types>;
  decode_as_type(data[0] % count, bytes.subspan(1), std::make_index_sequence<count>{});
  return 0;
}
