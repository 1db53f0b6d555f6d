#pragma once

#include "troupe/runtime/cell.hpp"

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace troupe::runtime {

/// The running actors of an engine, by id. What it holds is what keeps an actor alive. Safe from any thread.
class roster {
 public:
  /// False once closed.
  [[nodiscard]] bool add(const cell& actor);
  void remove(std::uint64_t id) noexcept;
  [[nodiscard]] cell find(std::uint64_t id) const;
  [[nodiscard]] std::size_t size() const;
  /// Nothing can be added any more; returns who is there. Empty on the second call.
  [[nodiscard]] std::vector<cell> close();

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, cell> actors_;  // guarded by mutex_
  bool closed_ = false;                             // guarded by mutex_
};

}  // namespace troupe::runtime
