#include "troupe/process/root.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/process/child.hpp"
#include "troupe/process/fork_server.hpp"
#include "troupe/process/membership.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

[[maybe_unused]] int thread_count() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Threads:")) return std::stoi(line.substr(line.find(':') + 1));
  return 1;  // no /proc: we cannot tell, and most programs are fine
}

void require_single_thread() {
#ifndef __SANITIZE_THREAD__  // its runtime has a thread of its own, and knows how to fork
  if (const int threads = thread_count(); threads > 1)
    throw error{errc::unsupported, "troupe::system must be constructed before the program starts threads; "
                                       + std::to_string(threads) + " are running"};
#endif
}

/// The fork server's life, and that of each of its children after it. Never returns.
[[noreturn]] void serve(process_table table, process_id root, unique_fd line, const sigset_t& mask) {
  std::optional<newborn> child;
  try {
    fork_server server{table, root, std::move(line), mask};
    child = server.run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "troupe: the fork server gave up: %s\n", e.what());
    ::_exit(1);
  }
  ::_exit(child ? run_child(std::move(table), std::move(*child)) : 0);
}

}  // namespace

struct root::state {
  membership place;
  pid_t fork_server;
};

root::root() {
  if (membership::current_or_null() != nullptr)
    throw error{errc::already_started, "this process has a troupe::system already; use troupe::this_system()"};
  memory::require_park();
  require_single_thread();
  auto table = process_table::create();
  const process_id self = table.claim({}, "main");
  table.at(self).pid.store(::getpid(), std::memory_order_release);
  auto [ours, servers] = transport::packet_socket_pair();
  sigset_t mask;
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  std::cout.flush();
  std::fflush(nullptr);  // else the children would write our pending output once more
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("fork", "fork server");
  if (pid == 0) {
    ours.reset();
    serve(std::move(table), self, std::move(servers), mask);
  }
  state_.reset(new state{{std::move(table), self, std::move(ours)}, pid});
}

root::~root() {
  const pid_t server = state_->fork_server;
  state_.reset();  // hangs up: the server kills what is left and ends
  while (::waitpid(server, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace troupe::tree
