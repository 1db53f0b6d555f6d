#pragma once

#include "troupe/transport/byte_queue.hpp"

#include <thread>

namespace troupe::actors {

class node_core;

/// The one thread of a process that empties its inbox and notices the deaths of other processes.
///
/// It looks for deaths whenever the interrupt word of this process has moved (`memory::interrupt`): every death moves
/// it, and whoever begins to depend on a process that is dead by then. A death is reported after everything the dead
/// one had put into the inbox: the thread first asks who is dead, then drains the inbox, then reports.
class receiver {
 public:
  receiver(node_core& home, transport::byte_queue inbox);
  receiver(const receiver&) = delete;
  receiver& operator=(const receiver&) = delete;
  /// Shuts the inbox down and ends the thread; what was in the inbox is dropped.
  ~receiver();

  [[nodiscard]] static bool is_this_thread() noexcept;

 private:
  void run() noexcept;
  void drain_and_report();

  node_core& home_;
  transport::byte_queue inbox_;
  std::thread thread_;
};

}  // namespace troupe::actors
