#pragma once

#include <memory>
#include <utility>
#include <vector>

namespace troupe::wire {

/// Boost's archive helpers: objects that `serialize` functions keep beside an archive, found by an id.
class helper_set {
 public:
  template <class Helper>
  Helper& get(const void* id) {
    for (auto& [known, helper] : helpers_) {
      if (known == id) return *static_cast<Helper*>(helper.get());
    }
    auto made = std::make_shared<Helper>();
    helpers_.emplace_back(id, made);
    return *made;
  }

 private:
  std::vector<std::pair<const void*, std::shared_ptr<void>>> helpers_;
};

}  // namespace troupe::wire
