#pragma once

#include "troupe/memory/park.hpp"

#include <optional>

namespace troupe::transport {

/// What is behind a `waitable`. The death of a process needs no announcement: it wakes every sleeper of the tree.
class watched {
 public:
  watched() = default;
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  virtual ~watched() = default;

  [[nodiscard]] virtual bool is_ready() = 0;
  /// Announces that somebody is about to sleep until `is_ready()`: whoever makes it so later changes the word and wakes
  /// those on it. Look once more before sleeping.
  [[nodiscard]] virtual std::optional<memory::parking_spot> announce() { return std::nullopt; }
  /// A file descriptor that becomes readable instead, or -1.
  [[nodiscard]] virtual int descriptor() const noexcept { return -1; }
};

}  // namespace troupe::transport
