#pragma once

#include "troupe/actor/address.hpp"

#include <compare>
#include <cstddef>
#include <mutex>
#include <set>
#include <vector>

namespace troupe::actors {

/// Who watches whom, as far as one of the two lives in this process. Thread-safe. A pair is in it once at most, and is
/// taken out by whoever sends its `down`: so that is sent once at most.
class watch_list {
 public:
  struct pair {
    actor_address watched;
    actor_address watcher;
    auto operator<=>(const pair&) const = default;
  };

  /// So many pairs at most: other processes cannot make it grow without end.
  static constexpr std::size_t limit = std::size_t{1} << 20U;

  /// False if it was there. Throws errc::mailbox_full at the limit.
  bool add(const pair& watch);
  /// False if it was not there: somebody else sends the `down`.
  [[nodiscard]] bool take(const pair& watch);
  [[nodiscard]] std::vector<actor_address> take_watchers_of(const actor_address& watched);
  /// The pairs whose watched actor lived in `partner`; those whose watcher did are forgotten.
  [[nodiscard]] std::vector<pair> take_all_of(process_id partner);
  /// A watcher that ended wants nothing more.
  void forget_watcher(const actor_address& watcher);
  /// The processes that the pairs depend on.
  void collect_partners(std::set<process_id>& into) const;

 private:
  void erase(const pair& watch);

  mutable std::mutex mutex_;
  std::set<pair> by_watched_;  // guarded by mutex_; sorted by watched, then watcher
  std::set<pair> by_watcher_;  // the same pairs with the two sides exchanged
};

}  // namespace troupe::actors
