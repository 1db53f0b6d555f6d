#pragma once

#include <cstddef>

namespace troupe_test {

/// What the calling thread took from the heap since the object was made.
class allocations {
 public:
  allocations() noexcept;
  [[nodiscard]] std::size_t count() const noexcept;
  /// The largest single request, in bytes.
  [[nodiscard]] std::size_t largest() const noexcept;

 private:
  std::size_t before_;
};

}  // namespace troupe_test
