#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/process/fork_server_protocol.hpp"
#include "troupe/process/process_table.hpp"

#include <csignal>
#include <cstdint>
#include <optional>
#include <vector>

/// Private to the process room.
namespace troupe::tree {

/// A process just forked, before it does anything: what it needs to become a member and run its function.
struct newborn {
  process_id id;
  unique_fd fork_server;  // its own line
  unique_fd body;         // a memory file with the encoded function and arguments
  std::uint64_t body_size;
  std::vector<unique_fd> handles;  // what travels beside the body
};

/// The fork server: a single-threaded process, forked before the program has any thread, that forks all others. So a
/// child starts from a small, clean image, as cheap as fork and as safe as exec. It is the kernel parent of them all:
/// it alone waits for them, publishes their ends in the process table and wakes whoever waits (`bury`).
///
/// It never blocks on a client: requests are single packets, and a reply that does not fit is dropped with its client.
/// When the first process is gone it kills all others and ends, so nothing outlives the tree's root; when any other
/// process is gone, it kills the children that one had started.
class fork_server {
 public:
  fork_server(process_table table, process_id root, unique_fd root_line, const sigset_t& childrens_mask);

  /// Serves until the root is gone (then nothing is returned), or returns in a freshly forked child.
  [[nodiscard]] std::optional<newborn> run();

 private:
  struct client {
    process_id id;
    unique_fd line;
  };

  std::optional<newborn> serve(client& from);
  std::optional<newborn> start(client& from, const request& what, std::vector<unique_fd> descriptors);
  std::int32_t signal(const request& what) const;
  void reap();
  void end_children_of(process_id gone) const;
  void kill_everybody();
  void become_child() const;
  static void answer(client& to, const reply& with);

  process_table table_;
  process_id root_;
  sigset_t childrens_mask_;
  unique_fd deaths_;  // signalfd for SIGCHLD
  std::vector<client> clients_;
};

}  // namespace troupe::tree
