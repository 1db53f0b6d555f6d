#include "troupe/actor/pending_asks.hpp"

#include <utility>

namespace troupe::actors {

std::uint64_t pending_asks::add(asker who, process_id partner) {
  const std::lock_guard lock{mutex_};
  if (closed_) return 0;
  entries_.emplace(++last_, entry{std::move(who), partner});
  return last_;
}

void pending_asks::depend(std::uint64_t correlation, process_id partner) {
  const std::lock_guard lock{mutex_};
  if (const auto found = entries_.find(correlation); found != entries_.end()) found->second.partner = partner;
}

pending_asks::asker pending_asks::take(std::uint64_t correlation) noexcept {
  const std::lock_guard lock{mutex_};
  const auto found = entries_.find(correlation);
  if (found == entries_.end()) return nullptr;
  asker who = std::move(found->second.who);
  entries_.erase(found);
  return who;
}

std::vector<pending_asks::asker> pending_asks::take_all_of(process_id partner) {
  const std::lock_guard lock{mutex_};
  std::vector<asker> result;
  std::erase_if(entries_, [&](auto& item) {
    if (item.second.partner != partner) return false;
    result.push_back(std::move(item.second.who));
    return true;
  });
  return result;
}

std::vector<pending_asks::asker> pending_asks::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  std::vector<asker> result;
  result.reserve(entries_.size());
  for (auto& [correlation, item] : entries_) result.push_back(std::move(item.who));
  entries_.clear();
  return result;
}

void pending_asks::collect_partners(std::set<process_id>& into) const {
  const std::lock_guard lock{mutex_};
  for (const auto& [correlation, item] : entries_) into.insert(item.partner);
}

}  // namespace troupe::actors
