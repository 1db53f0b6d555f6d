#pragma once

#include <cstddef>
#include <iosfwd>
#include <string_view>
#include <vector>

namespace troupe::test {

/// The fork server and the keeper of this process's tree.
[[nodiscard]] std::vector<int> servers();
/// The "troupe-server" or the "troupe-keeper" among them, if it waits for something to do at this moment; else 0. (A
/// process that was just forked still has its server's name, but it does not wait.)
[[nodiscard]] int waiting_server(std::string_view name);
/// Whether a process has not ended; one that nobody waited for yet has.
[[nodiscard]] bool runs(int pid);

/// What this process and the servers of its tree hold: compared before and after, it shows what leaked.
struct footprint {
  std::size_t descriptors = 0;  ///< open in all of them
  std::size_t mappings = 0;     ///< of memory files, in all of them
  std::size_t processes = 0;    ///< children of the servers, also dead ones that nobody waited for

  [[nodiscard]] static footprint now();
  /// Waits a while until there is no more of anything than in `limit`: the fork server cleans up in its own time.
  [[nodiscard]] static footprint settled_within(const footprint& limit);

  /// No more of anything.
  [[nodiscard]] bool is_within(const footprint& limit) const noexcept;
  friend std::ostream& operator<<(std::ostream& out, const footprint& f);
};

}  // namespace troupe::test
