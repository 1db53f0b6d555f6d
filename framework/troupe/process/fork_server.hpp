#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/process/fork_server_protocol.hpp"
#include "troupe/process/inherited_state.hpp"
#include "troupe/process/process_attributes.hpp"
#include "troupe/process/reaper.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

/// Private to the process room.
namespace troupe::tree {

/// What the servers of a tree inherit from its first process, and from each other.
struct server_seat {
  process_table table;
  unique_fd lock;       // see life_lock::of_servers
  unique_fd root_life;  // a pidfd: readable when the first process has ended; empty if it has
  request_channel requests;
  unique_fd lifeline;  // the first process's end of its lifeline
  unique_fd ready;     // the first byte of the first fork server; or the text of why there is none. Else empty
  inherited_state for_children;
  process_attributes attributes;  // of its children, as long as they change nothing
};

/// A process just forked, before it does anything: what it needs to become a member and run its function.
struct newborn {
  process_id id;
  unique_fd life;  // see life_lock
  request_channel requests;
  request_body body;
  std::vector<unique_fd> fds;  // as they came with the request, but for that of the body
  inherited_state inherited;
  /// Set if it must first become what its starter is.
  struct settlement {
    ucred sender;
    std::int32_t thread;
    process_attributes from;
  };
  std::optional<settlement> settles;
};

/// The fork server: a single-threaded process, forked before the program has any thread, that forks all others. So a
/// child starts from a small, clean image, as cheap as fork and as safe as exec. It is the kernel parent of those it
/// forks, publishes their ends in the process table, and ends the children of whoever ends. It never blocks on anybody.
///
/// It may be killed at any instruction: its keeper forks another one, which goes on with the same requests, and adopts
/// its children, which go on, too. If the keeper is killed as well, whoever notices it starts both anew (revival.hpp).
class fork_server {
 public:
  enum class outcome : std::uint8_t {
    born,         ///< this is a new process
    tree_over,    ///< the first process has ended, and so has everybody who was to end with it
    keeper_gone,  ///< the keeper died; this process must take its place
  };

  fork_server(server_seat& seat, reaper& children, int keeper_life);

  [[nodiscard]] outcome run();
  [[nodiscard]] newborn& child() { return *child_; }

 private:
  void take_over() const;
  void see_the_end();
  [[nodiscard]] bool is_over() const;
  void settle() const noexcept;
  void drop_lifelines();
  void empty_inboxes();
  bool serve();
  bool reserve(const request& what) const noexcept;
  bool start(const request& what, request_body body, transport::received_packet packet);
  [[nodiscard]] process_id claim(const request& what, bool settles) const noexcept;
  [[nodiscard]] process_id result_of(const request& what) const noexcept;
  void answer(const request& what, std::int32_t reason, process_id child) const noexcept;
  void answer_owed();

  server_seat& seat_;
  const process_table& table_;
  reaper& children_;
  int keeper_life_;
  const std::uint64_t attributes_;  // their hash
  bool root_is_gone_ = false;
  bool inboxes_wait_ = false;  // of the dead: somebody was inside at the last try
  struct owed_answer {
    process_id starter;
    std::uint32_t request;
    process_id child;
  };
  std::vector<owed_answer> owed_;              // once it is known what became of children that settle
  std::map<process_id, unique_fd> lifelines_;  // of the living that have started others: see lifeline
  std::optional<newborn> child_;
};

}  // namespace troupe::tree
