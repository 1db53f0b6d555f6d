#pragma once

#include "troupe/process/process_id.hpp"
#include "troupe/runtime/asker.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <vector>

namespace troupe::actors {

/// The asks of this process to others that have no answer yet, by correlation. Thread-safe.
class pending_asks {
 public:
  using asker = std::shared_ptr<runtime::asker>;

  /// Its correlation, never used twice; 0 once closed.
  [[nodiscard]] std::uint64_t add(asker who, process_id partner);
  /// From now on it is answered by `partner`.
  void depend(std::uint64_t correlation, process_id partner);
  /// Takes it out; null if it is not there (any more).
  [[nodiscard]] asker take(std::uint64_t correlation) noexcept;
  /// Takes out what depends on `partner`.
  [[nodiscard]] std::vector<asker> take_all_of(process_id partner);
  /// Takes out everything, and lets nothing in any more.
  [[nodiscard]] std::vector<asker> close();
  void collect_partners(std::set<process_id>& into) const;

 private:
  struct entry {
    asker who;
    process_id partner;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, entry> entries_;  // guarded by mutex_
  std::uint64_t last_ = 0;                            // the same
  bool closed_ = false;                               // the same
};

}  // namespace troupe::actors
