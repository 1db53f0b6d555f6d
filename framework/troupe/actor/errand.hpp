#pragma once

#include "troupe/actor/packet.hpp"
#include "troupe/runtime/behaviour.hpp"
#include "troupe/wire/buffer.hpp"

namespace troupe::actors {

class node_core;

/// A short-lived actor that sends one packet, for a thread that must not wait for room in the receiver's inbox.
class errand final : public runtime::behaviour {
 public:
  errand(node_core& home, process_id to, const packet_header& header, wire::buffer content) noexcept;
  [[nodiscard]] runtime::verdict started(const runtime::cell& self) noexcept override;
  [[nodiscard]] runtime::verdict receive(runtime::envelope&) noexcept override { return runtime::verdict::stop; }
  void stopped() noexcept override {}

 private:
  node_core& home_;
  const process_id to_;
  const packet_header header_;
  wire::buffer content_;
};

}  // namespace troupe::actors
