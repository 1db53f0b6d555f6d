#pragma once

#include "troupe/process/code_ref.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

/// Private to the process room: what fork(2) hands down from a process, or from the thread that calls it, to its child.
namespace troupe::tree {

/// Who a process is to the kernel; see credentials(7) and capabilities(7).
struct credentials {
  std::array<std::uint32_t, 4> users{};  ///< real, effective, saved, file system
  std::array<std::uint32_t, 4> groups{};
  std::vector<std::uint32_t> more_groups;
  std::array<std::uint64_t, 5> capabilities{};  ///< inheritable, permitted, effective, bounding, ambient
  bool no_new_privileges = false;

  /// Of a thread. Throws errc::unsupported if /proc does not say.
  [[nodiscard]] static credentials of(pid_t process, pid_t thread);
  bool operator==(const credentials&) const = default;
};

/// What a signal does, if that is not the default.
struct disposition {
  std::int32_t signal = 0;
  bool ignored = false;
  code_ref handler{};  ///< of this program
  std::uint64_t flags = 0;
  std::uint64_t mask = 0;

  bool operator==(const disposition&) const = default;
};

struct resource_bounds {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;

  bool operator==(const resource_bounds&) const = default;
};

/// All that a child inherits, as the caller has it now. A child of the fork server inherits the server's; what differs
/// in its starter it gives to itself, as far as a process can. What no process can give itself, a starter hands down by
/// starting the child itself.
///
/// Not here: descriptors and the working directory, which travel as such, and SIGINT, which troupe's children leave to
/// the first process.
struct process_attributes {
  // -- what a process can give to itself
  credentials who;
  std::uint32_t secure_bits = 0;
  std::uint32_t umask = 0;
  std::uint32_t process_group = 0;
  std::vector<resource_bounds> limits;      ///< by RLIMIT_...
  std::array<std::uint64_t, 7> schedule{};  ///< the bytes of a sched_attr
  std::int32_t io_priority = 0;
  std::vector<std::uint64_t> processors;
  std::int32_t memory_policy = 0;
  std::vector<std::uint64_t> memory_nodes;
  std::uint64_t timer_slack = 0;  ///< nanoseconds
  std::uint32_t personality = 0;
  bool no_huge_pages = false;
  std::string out_of_memory_adjustment;
  std::string core_dump_filter;
  std::uint64_t blocked_signals = 0;  ///< bit N - 1: signal N
  std::vector<disposition> signals;
  std::string environment;                       ///< each variable with a zero behind it
  std::vector<std::uint64_t> working_directory;  ///< its mount, its inode

  // -- what it cannot
  std::uint32_t session = 0;
  std::vector<std::uint64_t> root_directory;  ///< its mount, its inode
  std::vector<std::string> namespaces;        ///< as /proc/thread-self/ns names them
  std::string control_group;
  std::string system_call_filters;  ///< mode and number of seccomp filters
  std::string security_label;

  /// Of the calling thread. Throws errc::unsupported if /proc is not there.
  [[nodiscard]] static process_attributes of_this_thread();

  /// Whether processes that the caller forks have pids that mean something else than its own.
  [[nodiscard]] bool has_other_pid_namespace_for_children() const;
  /// What the caller cannot change of `from` to make it this; empty if there is nothing.
  [[nodiscard]] std::string out_of_reach_from(const process_attributes& from) const;
  /// Changes this process, which has one thread and is as `from`, into what is described here. The working directory
  /// becomes that of the descriptor, if there is one. Throws `error`, naming what the system refused.
  void assume(const process_attributes& from, int folder) const;
  /// In a fresh image of the program: an exec has changed who the process is, as execve(2) says.
  void assume_after_exec() const;
};

/// Tells attributes, as they are encoded, from others.
[[nodiscard]] std::uint64_t hash_of(std::span<const std::byte> encoded) noexcept;

}  // namespace troupe::tree
