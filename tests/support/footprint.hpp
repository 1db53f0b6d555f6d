#pragma once

#include <cstddef>
#include <iosfwd>

namespace troupe::test {

/// What this process and its fork server hold: compared before and after, it shows what leaked.
struct footprint {
  std::size_t descriptors = 0;  ///< open in both
  std::size_t mappings = 0;     ///< of memory files, in both
  std::size_t processes = 0;    ///< children of both, also dead ones that nobody waited for

  [[nodiscard]] static footprint now();
  /// Waits a while until everything is as it was `before`, since the fork server cleans up in its own time.
  [[nodiscard]] static footprint settled_to(const footprint& before);

  bool operator==(const footprint&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const footprint& f);
};

}  // namespace troupe::test
