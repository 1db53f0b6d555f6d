#pragma once

#include <cstddef>
#include <cstdint>

namespace troupe::runtime {

struct envelope;
struct cell_access;

/// What became of a posted message.
enum class posted : std::uint8_t {
  yes,   ///< it is in the mailbox
  full,  ///< the mailbox is at its capacity
  gone,  ///< the actor has stopped
};

/// A counted handle of one actor's mailbox. It keeps the mailbox's memory, not the actor: an actor lives until it is
/// stopped. Copies may be used from any thread, and may outlive the engine (posting then says `gone`).
class cell {
 public:
  cell() noexcept;
  cell(const cell&) noexcept;
  cell(cell&&) noexcept;
  cell& operator=(cell) noexcept;
  ~cell();

  [[nodiscard]] explicit operator bool() const noexcept;
  /// Unique within its engine, never reused; the first actor of an engine has 1. 0 for an empty handle.
  [[nodiscard]] std::uint64_t id() const noexcept;
  /// Never blocks. Messages of one thread to one actor keep their order. What the sender did before happens-before the
  /// receiver's handling of the message. The message is taken when the outcome is `yes`, else it is left as it was.
  [[nodiscard]] posted post(envelope& message) const;
  [[nodiscard]] posted post(envelope&& message) const { return post(message); }

 private:
  friend struct cell_access;
  alignas(void*) std::byte raw_[sizeof(void*)];  // one counted pointer of the engine's
};

}  // namespace troupe::runtime
