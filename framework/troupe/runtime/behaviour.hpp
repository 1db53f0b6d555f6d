#pragma once

#include "troupe/runtime/cell.hpp"
#include "troupe/runtime/envelope.hpp"

namespace troupe::runtime {

/// Whether an actor goes on after a message.
enum class verdict : bool { stop, go_on };

/// What one actor does. The engine calls it from one thread at a time, with a happens-before edge from each call to the
/// next; no exception may leave it.
class behaviour {
 public:
  virtual ~behaviour() = default;
  /// The first call. `self` must not be kept as a `cell` in the behaviour's own members beyond `stopped`.
  [[nodiscard]] virtual verdict started(const cell& self) noexcept = 0;
  [[nodiscard]] virtual verdict receive(envelope& message) noexcept = 0;
  /// The last call before destruction: the engine does not know the actor any more. `started` may never have been
  /// called, when the engine shut down first.
  virtual void stopped() noexcept = 0;
};

}  // namespace troupe::runtime
