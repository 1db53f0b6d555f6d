#include "troupe/process/keeper.hpp"

#include "troupe/base/error.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/process/pidfd.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <poll.h>
#include <string>

#include <sys/prctl.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

using steady = std::chrono::steady_clock;
constexpr auto short_life = std::chrono::milliseconds{100};  // of a server, after which the next one is not hurried

/// 0 if it is gone.
pid_t kernel_parent_of(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  return name_end == std::string::npos ? 0 : std::atoi(line.c_str() + std::min(name_end + 4, line.size()));
}

class keeper {
 public:
  keeper(const process_table& table, process_id root, reaper& children)
      : table_{table}
      , root_{root}
      , children_{children} {
    ::prctl(PR_SET_NAME, "troupe-keeper");
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    find_strangers();
  }

  /// Returns when the fork server has ended.
  void watch(pid_t server) {
    for (;;) {
      const auto others = children_.reap();
      bury_strangers();
      if (std::find(others.begin(), others.end(), server) != others.end()) return;
      std::vector<pollfd> entries{{children_.fd(), POLLIN, 0}};
      for (const stranger& s : strangers_) entries.push_back({s.life.get(), POLLIN, 0});
      (void)::poll(entries.data(), entries.size(), -1);
    }
  }
  [[nodiscard]] bool is_over() const {
    for (std::uint32_t i = 0; i < table_.used(); ++i)
      if (table_.living(i)) return false;
    return true;
  }

 private:
  /// A process of the tree whose kernel parent is outside: its own servers died.
  struct stranger {
    process_id id;
    unique_fd life;
  };

  void find_strangers() {
    for (std::uint32_t i = 0; i < table_.used(); ++i) {
      const process_id id = table_.living(i);
      const pid_t pid = id ? table_.at(i).pid.load(std::memory_order_acquire) : 0;
      if (!id || id == root_ || pid <= 0 || kernel_parent_of(pid) == ::getpid()) continue;
      strangers_.push_back({id, open_pidfd(pid)});
    }
  }
  void bury_strangers() {
    std::erase_if(strangers_, [&](const stranger& s) {
      pollfd entry{s.life.get(), POLLIN, 0};
      // The lock, because its pid may have been given to somebody else before we looked.
      const bool gone = !s.life || ::poll(&entry, 1, 0) != 0 || !life_lock::is_held(table_.fd(), s.id.slot);
      if (!gone) return false;
      const slot& row = table_.at(s.id);
      const bool parted = row.parted.load(std::memory_order_acquire) != 0;
      if (table_.living(s.id.slot) == s.id)
        table_.record_end(s.id, {.code = parted ? row.parting_code.load(std::memory_order_relaxed) : lost_exit_code});
      table_.bury(s.id);
      end_children_of(table_, s.id);
      return true;
    });
  }

  const process_table& table_;
  process_id root_;
  reaper& children_;
  std::vector<stranger> strangers_;
};

/// Ctrl-C and a polite kill of the process group are for the first process to handle; we end when it does. Blocked, not
/// ignored: a child inherits the mask, so a signal sent to it before it has set itself up waits until then.
void leave_signals_to_others() {
  sigset_t not_for_us;
  ::sigemptyset(&not_for_us);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&not_for_us, number);
  ::sigprocmask(SIG_BLOCK, &not_for_us, nullptr);
}

}  // namespace

std::optional<newborn> keep_servers(server_seat seat) {
  leave_signals_to_others();
  reaper children{seat.table};
  for (;;) {
    keeper here{seat.table, seat.root, children};
    for (;;) {
      const auto start = steady::now();
      const unique_fd life = open_pidfd(::getpid());
      const pid_t server = life ? ::fork() : -1;
      if (server == 0) {
        fork_server service{seat, children, life.get()};
        switch (service.run()) {
        case fork_server::outcome::born: return std::move(service.child());
        case fork_server::outcome::tree_over: ::_exit(0);
        case fork_server::outcome::keeper_gone: break;
        }
        break;  // this process keeps from here on
      }
      if (server > 0) here.watch(server);
      if (here.is_over()) return std::nullopt;
      if (server < 0 || steady::now() - start < short_life) (void)::poll(nullptr, 0, 20);  // machine in trouble
    }
  }
}

}  // namespace troupe::tree
