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
#include "troupe/process/program_image.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
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

/// What else this process has open is no business of its servers and of their children. -1 is none.
void close_all_but(std::vector<int> kept) {
  std::erase(kept, -1);
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
[[noreturn]] void serve(server_seat given) {
  const process_table table = given.table;
  std::optional<server_seat> seat{std::move(given)};
  std::optional<newborn> child;
  logs::name_process("troupe-server");
  try {
    close_all_but({table.fd(), seat->lock.get(), seat->root_life.get(), seat->requests.in.get(),
                   seat->requests.out.get(), seat->lifeline.get(), seat->ready.get()});
    child = keep_servers(*seat);
  } catch (const std::exception& e) {
    log(log_level::error, std::string{"the fork server gave up: "} + e.what());
    flush_standard_streams();  // where a sink of the program may have written that
    (void)!::write(seat->ready.get(), e.what(), std::strlen(e.what()));
    ::_exit(1);
  }
  seat.reset();  // it is the servers'
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
};

namespace {

/// Waits for the fork server's first byte. Throws what kept it from working.
void wait_until_ready(const unique_fd& news) {
  std::array<char, 512> text;
  ssize_t count = 0;
  do {
    count = ::read(news.get(), text.data(), text.size());
  } while (count < 0 && errno == EINTR);
  if (count > 0 && text[0] == '\0') return;
  throw error{errc::start_failed,
              "the fork server, which starts all other processes, "
                  + (count > 0 ? "cannot work here: " + std::string(text.data(), static_cast<std::size_t>(count))
                               : std::string{"ended before it came to work"})};
}

/// Both ends of a pipe(2).
std::pair<unique_fd, unique_fd> plain_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe2", "fork server");
  return {unique_fd{ends[0]}, unique_fd{ends[1]}};
}

}  // namespace

root::root() {
  go_on_if_ordered();
  if (membership::current_or_null() != nullptr)
    throw error{errc::already_started, "this process has a troupe::system already; use troupe::this_system()"};
  keep_standard_streams();
  memory::require_park();
  require_single_thread();
  auto table = process_table::create();
  const process_id self = table.claim({.parent = {}, .name = "main"});
  table.set_first(self);
  (void)table.give_birth(self, ::getpid());
  auto [serving, asking] = transport::packet_socket_pair();
  transport::tell_senders(serving.get());
  request_channel requests{std::move(serving), std::move(asking)};
  lifeline line;
  (void)line.end_of_child();
  auto [news, teller] = plain_pipe();
  unique_fd life = open_pidfd(::getpid());
  if (!life) throw_errno("pidfd_open", "this process");
  flush_standard_streams();  // else the children would write our pending output once more
  fork_servers({table, life_lock::hold(table.fd(), life_lock::of_servers), std::move(life), requests.duplicate(),
                line.duplicate_end_of_parent(), std::move(teller), inherited_state::of_this_process(),
                process_attributes::of_this_thread()});
  wait_until_ready(news);
  unique_fd proof = life_lock::hold(table.fd(), self.slot);
  state_.reset(new state{{std::move(table), self, std::move(requests), std::move(proof), std::move(line)}});
}

root::~root() {
  membership& place = state_->place;
  place.leave();
  place.table().system_over().store(1);
  // The servers end what is left, then say so. If they cannot be called, they will see the end of this process.
  if (place.call_server()) place.wait_until_settled();
}

[[noreturn]] void serve_anew(const image_order& order) {
  if (order.fds.size() != 4) throw error{errc::malformed, "TROUPE_SPAWNED is for troupe's own use; unset it"};
  auto table = process_table::attach(unique_fd{order.fds[0]});
  unique_fd lock{order.fds[1]};
  request_channel requests{unique_fd{order.fds[2]}, unique_fd{order.fds[3]}};
  unique_fd life = open_pidfd(table.at(table.first()).pid.load());
  if (!table.life_is_held(table.first().slot)) life.reset();  // it may be that of another process by now
  serve({std::move(table),
         std::move(lock),
         std::move(life),
         std::move(requests),
         {},
         {},
         inherited_state::of_this_process(),
         process_attributes::of_this_thread()});
}

}  // namespace troupe::tree
