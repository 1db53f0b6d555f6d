#include "troupe/process/root.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/log.hpp"
#include "troupe/base/standard_streams.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/process/child.hpp"
#include "troupe/process/keeper.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/process/membership.hpp"
#include "troupe/process/pidfd.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <string>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace troupe::tree {

namespace {

/// What else this process has open is no business of its servers and of their children.
void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = STDERR_FILENO + 1;
  for (const int fd : kept) {
    const auto next = static_cast<unsigned>(fd);
    if (next > first) (void)::close_range(first, next - 1, 0);
    first = next + 1;
  }
  (void)::close_range(first, ~0U, 0);
}

/// Where a standard stream is closed, the next file that is opened would become it.
void keep_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", O_RDWR);
}

[[maybe_unused]] int thread_count() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Threads:")) return std::atoi(line.c_str() + line.find(':') + 1);
  return 1;  // no /proc: we cannot tell, and most programs are fine
}

void require_single_thread() {
#ifndef __SANITIZE_THREAD__  // its runtime has a thread of its own, and knows how to fork
  if (const int threads = thread_count(); threads > 1)
    throw error{errc::unsupported,
                "troupe::system must be constructed before the program starts threads (named shared_memory has"
                " one, too); "
                    + std::to_string(threads) + " are running"};
#endif
}

/// The life of the servers, and that of each of their children after it. Never returns.
[[noreturn]] void serve(server_seat seat) {
  const process_table table = seat.table;
  std::optional<newborn> child;
  logs::name_process("troupe-server");
  try {
    close_all_but(
        {table.fd(), seat.root_life.get(), seat.root_line.get(), seat.requests.get(), seat.requests_line.get()});
    child = keep_servers(std::move(seat));
  } catch (const std::exception& e) {
    log(log_level::error, std::string{"the fork server gave up: "} + e.what());
    flush_standard_streams();  // where a sink of the program may have written that
    ::_exit(1);
  }
  ::_exit(child ? run_child(table, std::move(*child)) : 0);
}

/// As nobody's child: whoever waits for any child of this process, as a host program may, must not meet our servers.
void fork_servers(server_seat seat) {
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("fork", "fork server");
  if (pid > 0) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0)
      throw error{errc::start_failed, "the fork server cannot be started: the system allows no more processes"};
    return;
  }
  switch (::fork()) {
  case -1: ::_exit(1);
  case 0: serve(std::move(seat));
  default: ::_exit(0);
  }
}

}  // namespace

struct root::state {
  membership place;
  unique_fd line;
};

root::root() {
  go_on_if_spawned();
  if (membership::current_or_null() != nullptr)
    throw error{errc::already_started, "this process has a troupe::system already; use troupe::this_system()"};
  keep_standard_streams();
  memory::require_park();
  require_single_thread();
  auto table = process_table::create();
  const process_id self = table.claim({.parent = {}, .name = "main"});
  (void)table.give_birth(self, ::getpid());
  auto [ours, servers] = transport::packet_socket_pair();
  auto [asking, serving] = transport::packet_socket_pair();
  unique_fd life = open_pidfd(::getpid());
  if (!life) throw_errno("pidfd_open", "this process");
  flush_standard_streams();  // else the children would write our pending output once more
  fork_servers({table, self, std::move(life), std::move(servers), std::move(serving), asking.duplicate(),
                inherited_state::of_this_process()});
  unique_fd proof = life_lock::hold(table.fd(), self.slot);
  state_.reset(new state{{std::move(table), self, std::move(asking), std::move(proof)}, std::move(ours)});
}

root::~root() {
  state_->place.leave();
  const unique_fd line = std::move(state_->line);
  state_.reset();
  ::shutdown(line.get(), SHUT_WR);  // the servers end what is left, then hang up
  pollfd entry{line.get(), POLLRDHUP, 0};
  while (::poll(&entry, 1, -1) < 0 && errno == EINTR) {
  }
}

}  // namespace troupe::tree
