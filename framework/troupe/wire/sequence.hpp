#pragma once

#include "troupe/wire/archive.hpp"
#include "troupe/wire/buffer.hpp"
#include "troupe/wire/handles.hpp"

#include <span>

namespace troupe::wire {

/// Several values one after the other, with nothing around them: for a reader that must look at the first before it
/// knows the types of the others. Read them with one load_archive.
template <class... Ts>
[[nodiscard]] buffer encode_sequence(outgoing_handles& handles, const Ts&... values) {
  const auto write = [&](std::span<std::byte> room) {
    save_archive archive{room, &handles};
    (archive << ... << values);
    return archive.size();
  };
  const std::size_t handles_before = handles.size();
  buffer bytes{write({})};
  handles.rewind(handles_before);
  write(bytes.span());
  return bytes;
}

}  // namespace troupe::wire
