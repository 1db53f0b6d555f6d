#include "troupe/process/fork_server.hpp"

#include "troupe/base/error.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <initializer_list>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : numbers) ::sigaddset(&set, number);
  return set;
}

int exit_status_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace

fork_server::fork_server(process_table table, process_id root, unique_fd root_line, const sigset_t& childrens_mask)
    : table_{std::move(table)}
    , root_{root}
    , childrens_mask_{childrens_mask} {
  clients_.push_back({root, std::move(root_line)});
  // Ctrl-C and a polite kill of the process group are for the root to handle; we end when it does. Blocked, not
  // ignored: a child inherits the mask, so a signal sent to it before it has set itself up waits until then.
  const sigset_t not_for_us = set_of({SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT});
  ::sigprocmask(SIG_BLOCK, &not_for_us, nullptr);
  const sigset_t child = set_of({SIGCHLD});
  deaths_ = unique_fd{::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!deaths_) throw_errno("signalfd", "SIGCHLD");
  ::prctl(PR_SET_NAME, "troupe-server");
}

std::optional<newborn> fork_server::run() {
  std::vector<pollfd> entries;
  for (;;) {
    entries.assign(1, {deaths_.get(), POLLIN, 0});
    for (const client& c : clients_) entries.push_back({c.line.get(), POLLIN, 0});
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) break;
    if (entries.front().revents != 0) reap();
    for (std::size_t i = entries.size() - 1; i > 0; --i) {  // from the back: serving may append, hanging up erases
      if (entries[i].revents == 0) continue;
      if (auto child = serve(clients_[i - 1])) return child;
      if (clients_[i - 1].line) continue;
      if (clients_[i - 1].id == root_) {
        kill_everybody();
        return std::nullopt;
      }
      clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  }
  kill_everybody();
  return std::nullopt;
}

/// Handles one request; a client that hung up, or speaks nonsense, loses its line.
std::optional<newborn> fork_server::serve(client& from) {
  request what;
  auto packet =
      transport::receive_packet(from.line.get(), std::as_writable_bytes(std::span{&what, 1}), {}, deadline::now());
  if (packet.result == transport::packet_result::timeout) return std::nullopt;
  if (packet.result == transport::packet_result::gone || packet.size != sizeof what) {
    from.line.reset();
    return std::nullopt;
  }
  if (what.kind == request_kind::start) return start(from, what, std::move(packet.descriptors));
  answer(from, {.error = signal(what)});
  return std::nullopt;
}

std::optional<newborn> fork_server::start(client& from, const request& what, std::vector<unique_fd> descriptors) {
  if (descriptors.empty()) {
    answer(from, {.error = EBADMSG});
    return std::nullopt;
  }
  if (from.id != root_ && table_.is_dead(from.id)) return std::nullopt;
  auto [parents_end, childs_end] = transport::packet_socket_pair();
  const process_id id = table_.claim(from.id, text_of(what.name));
  if (!id) {
    answer(from, {.error = EAGAIN});
    return std::nullopt;
  }
  const pid_t pid = ::fork();
  if (pid == 0) {
    become_child();
    unique_fd body = std::move(descriptors.front());
    descriptors.erase(descriptors.begin());
    return newborn{id, std::move(childs_end), std::move(body), what.body_size, std::move(descriptors)};
  }
  if (pid < 0) {
    const int reason = errno;
    table_.at(id).released.store(1, std::memory_order_relaxed);
    table_.bury(id, 255);
    answer(from, {.error = reason});
    return std::nullopt;
  }
  table_.at(id).pid.store(pid, std::memory_order_release);
  answer(from, {.error = 0, .pid = pid, .id = id});
  clients_.push_back({id, std::move(parents_end)});  // last: `from` lies in this vector
  return std::nullopt;
}

/// Only we reap, so a pid in a live row cannot have been given to anybody else.
std::int32_t fork_server::signal(const request& what) const {
  if (table_.is_dead(what.target)) return 0;
  const int pid = table_.at(what.target).pid.load(std::memory_order_relaxed);
  return pid > 0 && ::kill(pid, what.signal) != 0 && errno != ESRCH ? errno : 0;
}

void fork_server::reap() {
  signalfd_siginfo info;
  while (::read(deaths_.get(), &info, sizeof info) > 0) {
  }
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    for (std::uint32_t i = 0; i < slot_count; ++i) {
      const slot& row = table_.at(i);
      if (row.state.load(std::memory_order_relaxed) != live || row.pid.load(std::memory_order_relaxed) != pid) continue;
      const process_id id{i, row.generation.load(std::memory_order_relaxed)};
      if (id == root_) continue;
      table_.bury(id, exit_status_of(status));
      end_children_of(id);
      break;
    }
  }
}

void fork_server::end_children_of(process_id gone) const {
  for (std::uint32_t i = 0; i < slot_count; ++i) {
    const slot& row = table_.at(i);
    const process_id parent{row.parent_slot.load(std::memory_order_relaxed),
                            row.parent_generation.load(std::memory_order_relaxed)};
    if (row.state.load(std::memory_order_relaxed) == live && parent == gone)
      ::kill(row.pid.load(std::memory_order_relaxed), SIGKILL);
  }
}

void fork_server::kill_everybody() {
  for (std::uint32_t i = 0; i < slot_count; ++i) {
    const slot& row = table_.at(i);
    const bool is_child = i != root_.slot && row.state.load(std::memory_order_relaxed) == live;
    if (is_child && row.pid.load(std::memory_order_relaxed) > 0)
      ::kill(row.pid.load(std::memory_order_relaxed), SIGKILL);
  }
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
}

/// In the child: undo what makes us the server, and die with it.
void fork_server::become_child() const {
  const pid_t server = ::getppid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != server) ::_exit(255);
  ::signal(SIGINT, SIG_IGN);  // Ctrl-C is the root's to handle
  ::sigprocmask(SIG_SETMASK, &childrens_mask_, nullptr);
  const unique_fd nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  if (nothing) ::dup2(nothing.get(), STDIN_FILENO);
}

void fork_server::answer(client& to, const reply& with) {
  const auto result =
      transport::send_packet(to.line.get(), std::as_bytes(std::span{&with, 1}), {}, {}, deadline::now());
  if (result != transport::packet_result::done) to.line.reset();
}

}  // namespace troupe::tree
