#pragma once

#include "troupe/process/stdio.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// How a process comes to be.
enum class start_method : std::uint8_t {
  /// Forked by a small single-threaded server that was itself forked before this program had any thread: as cheap as
  /// fork(), and as safe as exec. What fork(2) hands down it has as its starter has it at that moment; objects of
  /// static
  /// storage are as they were when `troupe::system` was constructed. (Where the fork server cannot give it something of
  /// its starter's, as a namespace, it is executed.)
  fork_server,
  /// The program is executed anew, with the same arguments, up to `troupe::system`. Slower; nothing that lies in memory
  /// is inherited.
  spawn,
};

/// What becomes of a process when the process that started it has ended, however that ended.
enum class when_orphaned : std::uint8_t {
  kill,       ///< it gets SIGKILL
  terminate,  ///< it gets SIGTERM
  go_on,      ///< nothing; nor does its `process` object wait for it. It ends with nobody: it is detached
};

/// For a process, a limit of one resource; see setrlimit(2).
struct resource_limit {
  int resource = 0;  ///< RLIMIT_...
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// How a process is started, and what it finds.
///
/// Streams are opened by `start()`, which throws if that fails. A setting that the system refuses to the new process
/// ends it with code 1 before its function runs: the log and `exit_status().exception` say that it "could not be set
/// up", and why.
struct process_options {
  std::string name{};  ///< for error texts and listings; empty: "process-N"
  /// Whether it only serves the process that starts it: it is terminated, not waited for, when that ends or when its
  /// `process` object does.
  bool daemon = false;
  start_method method = start_method::fork_server;
  when_orphaned on_parent_death = when_orphaned::kill;

  /// Changes to the environment, which is otherwise that of the starting process; nullopt removes a variable.
  std::map<std::string, std::optional<std::string>> environment{};
  std::string working_directory{};  ///< empty: that of the starting process
  stdio input = stdio::null();
  stdio output = stdio::inherit();
  stdio errors = stdio::inherit();
  std::vector<unsigned> processors{};  ///< it may run on these only; empty: on any
  std::optional<int> nice{};           ///< see setpriority(2)
  std::vector<resource_limit> limits{};
};

}  // namespace troupe
