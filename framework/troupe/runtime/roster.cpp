#include "troupe/runtime/roster.hpp"

namespace troupe::runtime {

bool roster::add(const cell& actor) {
  const std::lock_guard lock{mutex_};
  if (closed_) return false;
  actors_.emplace(actor.id(), actor);
  return true;
}

void roster::remove(std::uint64_t id) noexcept {
  cell last;  // released after the lock: this may end the actor's storage
  const std::lock_guard lock{mutex_};
  if (const auto found = actors_.find(id); found != actors_.end()) {
    last = std::move(found->second);
    actors_.erase(found);
  }
}

cell roster::find(std::uint64_t id) const {
  const std::lock_guard lock{mutex_};
  const auto found = actors_.find(id);
  return found == actors_.end() ? cell{} : found->second;
}

std::size_t roster::size() const {
  const std::lock_guard lock{mutex_};
  return actors_.size();
}

std::vector<cell> roster::close() {
  const std::lock_guard lock{mutex_};
  std::vector<cell> all;
  if (closed_) return all;
  closed_ = true;
  all.reserve(actors_.size());
  for (const auto& [id, actor] : actors_) all.push_back(actor);
  return all;
}

}  // namespace troupe::runtime
