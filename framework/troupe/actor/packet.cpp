#include "troupe/actor/packet.hpp"

#include <cstring>

namespace troupe::actors {

std::optional<packet_header> packet::header() const noexcept {
  packet_header result;
  if (bytes_.size() < sizeof result) return std::nullopt;
  std::memcpy(&result, bytes_.data(), sizeof result);
  return result;
}

}  // namespace troupe::actors
