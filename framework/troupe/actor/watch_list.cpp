#include "troupe/actor/watch_list.hpp"

#include "troupe/base/error.hpp"

namespace troupe::actors {

namespace {

watch_list::pair turned(const watch_list::pair& p) { return {p.watcher, p.watched}; }

// Sorts before every pair of `first`.
watch_list::pair start_of(const actor_address& first) { return {first, actor_address{}}; }

}  // namespace

bool watch_list::add(const pair& watch) {
  const std::lock_guard lock{mutex_};
  if (by_watched_.size() >= limit) throw error{errc::mailbox_full, "too many actors are watched in this process"};
  by_watcher_.insert(turned(watch));
  return by_watched_.insert(watch).second;
}

void watch_list::erase(const pair& watch) {
  by_watched_.erase(watch);
  by_watcher_.erase(turned(watch));
}

bool watch_list::take(const pair& watch) {
  const std::lock_guard lock{mutex_};
  const bool found = by_watched_.contains(watch);
  erase(watch);
  return found;
}

std::vector<actor_address> watch_list::take_watchers_of(const actor_address& watched) {
  const std::lock_guard lock{mutex_};
  std::vector<actor_address> watchers;
  for (auto p = by_watched_.lower_bound(start_of(watched)); p != by_watched_.end() && p->watched == watched; ++p)
    watchers.push_back(p->watcher);
  for (const auto& watcher : watchers) erase({watched, watcher});
  return watchers;
}

std::vector<watch_list::pair> watch_list::take_all_of(process_id partner) {
  const std::lock_guard lock{mutex_};
  std::vector<pair> lost;
  std::vector<pair> useless;
  for (const pair& p : by_watched_) {
    if (p.watched.process == partner) lost.push_back(p);
    if (p.watcher.process == partner) useless.push_back(p);
  }
  for (const pair& p : lost) erase(p);
  for (const pair& p : useless) erase(p);
  return lost;
}

void watch_list::forget_watcher(const actor_address& watcher) {
  const std::lock_guard lock{mutex_};
  std::vector<pair> useless;
  for (auto p = by_watcher_.lower_bound(start_of(watcher)); p != by_watcher_.end() && p->watched == watcher; ++p)
    useless.push_back(turned(*p));
  for (const pair& p : useless) erase(p);
}

void watch_list::collect_partners(std::set<process_id>& into) const {
  const std::lock_guard lock{mutex_};
  for (const pair& p : by_watched_) {
    into.insert(p.watched.process);
    into.insert(p.watcher.process);
  }
}

}  // namespace troupe::actors
