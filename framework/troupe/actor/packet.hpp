#pragma once

#include "troupe/process/process_id.hpp"
#include "troupe/wire/buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

namespace troupe::actors {

/// What goes from one process's actors to another's, as one item of the receiver's inbox: this header, then the
/// content. Native layout, both sides run the same program image. Nothing in it is trusted.
struct packet_header {
  enum class kind : std::uint32_t {
    tell,     // a message for `actor`
    ask,      // the same, to be answered to `from` with `correlation`
    answer,   // the content answers the ask `correlation`
    refusal,  // the ask `correlation` failed; the content is a runtime::failure
    watch,    // `from`, `from_actor` wants to know when `actor` ends
    end,      // `actor` had watched `from`, `from_actor`, which ended; the content is an obituary
  };
  process_id to;  // an inbox is used again after its process died: what was meant for the dead one is not for the next
  kind what = kind::tell;
  std::uint32_t index = 0;        // which message of the protocol
  std::uint64_t protocol = 0;     // fingerprint of the protocol the sender thinks `actor` has
  std::uint64_t actor = 0;        // in the receiving process
  std::uint64_t correlation = 0;  // in the asking process
  process_id from;
  std::uint64_t from_actor = 0;
};
static_assert(std::is_trivially_copyable_v<packet_header> && sizeof(packet_header) == 56);

/// A packet that arrived.
class packet {
 public:
  explicit packet(wire::buffer bytes) noexcept : bytes_{std::move(bytes)} {}

  /// Nothing if it is too short to be one.
  [[nodiscard]] std::optional<packet_header> header() const noexcept;
  /// What follows the header; `header()` must have said that there is one.
  [[nodiscard]] std::span<const std::byte> content() const noexcept {
    return std::span<const std::byte>{bytes_.data(), bytes_.size()}.subspan(sizeof(packet_header));
  }

 private:
  wire::buffer bytes_;
};

}  // namespace troupe::actors
