#include "troupe/process/keeper.hpp"

#include "troupe/base/error.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/process/pidfd.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <poll.h>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

using steady = std::chrono::steady_clock;
constexpr int look_again_ms = 500;                           // while a descriptor is missing
constexpr auto short_life = std::chrono::milliseconds{100};  // of a server, after which the next one is not hurried

bool is_own_child(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

class keeper {
 public:
  keeper(const process_table& table, reaper& children)
      : table_{table}
      , children_{children}
      , life_{open_pidfd(::getpid())} {
    ::prctl(PR_SET_NAME, "troupe-keeper");
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    find_strangers();
  }

  /// Of this process; empty if the system has no more of them.
  [[nodiscard]] const unique_fd& life() {
    if (!life_) life_ = open_pidfd(::getpid());
    return life_;
  }
  /// Returns when the fork server has ended.
  void watch(pid_t server) {
    for (;;) {
      const auto others = look();
      if (std::find(others.begin(), others.end(), server) != others.end()) return;
      (void)::kill(server, SIGCHLD);  // so that it sees whether anybody is left
      std::vector<pollfd> entries{{children_.fd(), POLLIN, 0}};
      bool all_will_tell = all_are_known_;
      for (const stranger& s : strangers_) {
        if (s.life) entries.push_back({s.life.get(), POLLIN, 0});  // poll takes no more entries than open descriptors
        all_will_tell = all_will_tell && s.life;
      }
      (void)::poll(entries.data(), entries.size(), all_will_tell ? -1 : look_again_ms);
    }
  }
  /// While none can be forked. Those that have ended count as processes until somebody reaps them, and whoever outlives
  /// the first process has to end.
  void go_without_server(const server_seat& seat) {
    (void)look();
    pollfd root{seat.root_life.get(), POLLIN, 0};
    const bool is_gone = !seat.root_life || table_.system_over().load() != 0 || ::poll(&root, 1, 0) > 0;
    if (is_gone) bury_root(table_, table_.first());
  }
  void forget_strangers() noexcept { strangers_.clear(); }
  /// Buries everybody who has ended; returns children of this process that nobody else knows.
  std::vector<pid_t> look() {
    auto others = children_.reap();
    find_more();
    bury_strangers();
    return others;
  }
  [[nodiscard]] bool is_over() const {
    for (std::uint32_t i = 0; i < table_.used(); ++i)
      if (table_.living(i)) return false;
    return true;
  }

 private:
  /// A process of the tree whose kernel parent is outside: its own servers died, or it was started by its starter.
  struct stranger {
    process_id id;
    unique_fd life;         // a pidfd; empty if it could not be had, or may be that of the next process with this pid
    bool has_shim = false;  // `life` is that of its shim, which says itself how the process ends
  };

  void find_strangers() {
    for (std::uint32_t i = 0; i < table_.used(); ++i) {
      const process_id id = table_.living(i);
      const pid_t pid = id ? table_.at(i).pid.load(std::memory_order_acquire) : 0;
      if (!id || id == table_.first() || pid <= 0) continue;
      if (table_.at(i).shim.load(std::memory_order_acquire) != 0)
        strangers_.push_back(behind_shim(id));
      else if (!is_own_child(pid))
        strangers_.push_back({id, life_of(id)});
    }
  }
  [[nodiscard]] unique_fd life_of(process_id id) const {
    unique_fd life = open_pidfd(table_.at(id).pid.load(std::memory_order_acquire));
    if (!table_.life_is_held(id.slot)) life.reset();
    return life;
  }
  [[nodiscard]] stranger behind_shim(process_id id) const {
    return {id, open_pidfd(table_.at(id).shim.load(std::memory_order_acquire)), true};
  }
  /// Those that have come since.
  void find_more() {
    all_are_known_ = true;
    for (std::uint32_t i = 0; i < table_.used(); ++i) {
      const process_id id = table_.living(i);
      if (!id || table_.at(i).by_starter.load(std::memory_order_relaxed) == 0) continue;
      if (std::any_of(strangers_.begin(), strangers_.end(), [&](const stranger& s) { return s.id == id; })) continue;
      if (table_.at(i).shim.load(std::memory_order_acquire) != 0)
        strangers_.push_back(behind_shim(id));
      else
        all_are_known_ = false;
    }
  }
  void bury_strangers() {
    std::erase_if(strangers_, [&](stranger& s) {
      pollfd entry{s.life.get(), POLLIN, 0};
      if (s.has_shim && table_.living(s.id.slot) == s.id) {
        if (s.life && ::poll(&entry, 1, 0) == 0) return false;
        s = {s.id, life_of(s.id)};
        entry.fd = s.life.get();
      }
      const bool gone = s.life ? ::poll(&entry, 1, 0) > 0 : !table_.life_is_held(s.id.slot);
      if (!gone) return false;
      table_.bury_unheard(s.id);
      end_children_of(table_, s.id);
      return true;
    });
  }

  const process_table& table_;
  reaper& children_;
  unique_fd life_;
  std::vector<stranger> strangers_;
  bool all_are_known_ = true;
};

}  // namespace

std::optional<newborn> keep_servers(server_seat& seat) {
  set_up_server();
  reaper children{seat.table};
  for (;;) {
    keeper here{seat.table, children};
    for (;;) {
      const auto start = steady::now();
      const pid_t server = here.life() ? ::fork() : -1;
      if (server == 0) {
        here.forget_strangers();  // they are the keeper's
        fork_server service{seat, children, here.life().get()};
        switch (service.run()) {
        case fork_server::outcome::born: return std::move(service.child());
        case fork_server::outcome::tree_over: ::_exit(0);
        case fork_server::outcome::keeper_gone: break;
        }
        break;  // this process keeps from here on
      }
      if (server > 0)
        here.watch(server);
      else
        here.go_without_server(seat);
      if (here.is_over()) return std::nullopt;
      if (server < 0 || steady::now() - start < short_life) (void)::poll(nullptr, 0, 20);  // machine in trouble
    }
  }
}

}  // namespace troupe::tree
