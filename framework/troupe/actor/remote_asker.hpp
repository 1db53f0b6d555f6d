#pragma once

#include "troupe/process/process_id.hpp"
#include "troupe/runtime/asker.hpp"

#include <cstdint>

namespace troupe::actors {

class node_core;

/// The way back for the answer to an ask that came from another process. A value must come as `wire::buffer`.
class remote_asker final : public runtime::asker {
 public:
  remote_asker(node_core& home, process_id to, std::uint64_t correlation) noexcept
      : home_{home}
      , to_{to}
      , correlation_{correlation} {}

  [[nodiscard]] bool wants_bytes() const noexcept override { return true; }
  void succeed(runtime::body value) noexcept override;
  void fail(runtime::failure why) noexcept override;

 private:
  node_core& home_;
  const process_id to_;
  const std::uint64_t correlation_;
};

}  // namespace troupe::actors
