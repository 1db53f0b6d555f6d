#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/process/process_id.hpp"
#include "troupe/transport/waitable.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// A process of the tree, seen from any process of it. It may have ended since. A value; thread-safe.
class process_view {
 public:
  /// Internal: of a process that is known to exist or to have existed.
  explicit process_view(process_id id);

  [[nodiscard]] process_id id() const noexcept { return id_; }
  [[nodiscard]] int pid() const noexcept { return pid_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool is_daemon() const noexcept { return daemon_; }
  [[nodiscard]] bool is_alive() const;
  /// Blocks until it ended.
  void join() const { (void)join_until(deadline::never()); }
  /// Whether it has ended.
  [[nodiscard]] bool try_join() const { return join_until(deadline::now()); }
  /// False if it still runs after `limit`.
  template <class Rep, class Period>
  [[nodiscard]] bool try_join_for(std::chrono::duration<Rep, Period> limit) const {
    return join_until(deadline::after(limit));
  }
  /// For `troupe::wait`: ready when it has ended.
  [[nodiscard]] waitable sentinel() const;

 private:
  [[nodiscard]] bool join_until(deadline limit) const;

  process_id id_;
  int pid_;
  std::string name_;
  bool daemon_;
};

/// This process. Throws errc::no_system.
[[nodiscard]] process_view this_process();
/// The process that started this one; nothing in the first process of a tree. (getppid(2) is that of the fork server.)
/// Throws errc::no_system.
[[nodiscard]] std::optional<process_view> parent_process();
/// The processes that this one started and that still run. Throws errc::no_system.
[[nodiscard]] std::vector<process_view> active_children();
/// How many processors this process may use: as its affinity and its control group allow, rounded up, at least 1.
[[nodiscard]] unsigned cpu_count();

}  // namespace troupe
