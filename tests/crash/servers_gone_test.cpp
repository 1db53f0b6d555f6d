// Keeper and fork server killed together, before either was replaced.
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/footprint.hpp"
#include "support/run.hpp"
#include "troupe/actor.hpp"
#include "troupe/node.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/system.hpp"
#include "troupe/wait.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <sched.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

[[noreturn]] void block() {
  for (;;) ::pause();
}

/// A process that is there, and blocks. (Before that, it would still look like a server.)
process blocked() {
  queue<int> there;
  process child{[](queue<int> to) {
                  to.put(1);
                  block();
                },
                there};
  child.start();
  REQUIRE(there.get() == 1);
  return child;
}

/// Both, until neither runs.
void kill_servers() {
  const auto runs_any = [] {
    const std::vector<int> all = servers();
    return std::any_of(all.begin(), all.end(), runs);
  };
  while (runs_any())  // one may be replaced before the other is killed
    for (const int server : servers()) (void)::kill(server, SIGKILL);
}

void wait_for_end(int pid) {
  while (runs(pid)) ::sched_yield();
}

int own_pid() { return ::getpid(); }

struct pid_of {
  using reply = int;
};
struct hang {
  using reply = int;
};
struct hanging_api : protocol<pid_of, hang> {};
class hanging : public actor<hanging_api> {
 public:
  int on(const pid_of&) { return own_pid(); }
  int on(const hang&) { block(); }
};

/// Starts `width` processes that do the same down to `depth`, says who it is, and blocks.
[[noreturn]] void grow(queue<int> pids, int width, int depth) {
  std::vector<process> children;
  for (int i = 0; depth > 0 && i < width; ++i) {
    children.emplace_back(grow, pids, width, depth - 1);
    children.back().start();
  }
  pids.put(own_pid());
  block();
}

}  // namespace

TEST_CASE("once both servers are killed, the next start brings new ones, which take over who is there") {
  process before = blocked();
  CHECK(run(process{return_it, 1}) == 1);
  for (int round = 2; round < 6; ++round) {
    kill_servers();
    CHECK(run(process{return_it, round}) == round);
  }
  CHECK(before.is_alive());
  before.kill();
  before.join();
  CHECK_FALSE(before.is_alive());
}

TEST_CASE("how a process ended is known although both servers were gone, if it said so itself") {
  queue<int> gate;
  queue<int> there;
  process child{[](queue<int> from, queue<int> to) {
                  to.put(1);
                  return from.get();
                },
                gate, there};
  child.start();
  REQUIRE(there.get() == 1);
  kill_servers();
  gate.put(9);
  child.join();
  CHECK(child.exit_code() == 9);
}

TEST_CASE("who waits for a process learns of its death, whatever became of the servers") {
  enum class way { join, poll, sentinel, view };
  const auto how = GENERATE(way::join, way::poll, way::sentinel, way::view);
  process child = blocked();
  const process_view view{child.id()};
  kill_servers();
  REQUIRE(::kill(*child.pid(), SIGKILL) == 0);
  switch (how) {
  case way::join: child.join(); break;
  case way::poll:
    while (child.is_alive()) ::sched_yield();
    break;
  case way::sentinel: CHECK(wait({child.sentinel()}).size() == 1); break;
  case way::view:
    while (view.is_alive()) ::sched_yield();
    break;
  }
  CHECK_FALSE(child.is_alive());
}

TEST_CASE("a pending ask and a new one fail, whatever became of the servers") {
  node home = this_system().start_node();
  const auto there = home.spawn<hanging>();
  CHECK(there.ask(pid_of{}).get() == home.pid());
  auto pending = there.ask(hang{});
  kill_servers();
  home.kill();
  CHECK(error_of([&] { (void)pending.get(); }) == errc::process_died);
  CHECK(error_of([&] { (void)there.ask(pid_of{}).get(); }) == errc::process_died);
}

TEST_CASE("a lease comes back and a lost item is reported, whatever became of the servers") {
  queue<int> leased{queue_options{.leases = true}};
  queue<int> plain;
  queue<int> said;
  std::vector<lost_items> lost;
  plain.on_lost([&](const lost_items& what) { lost.push_back(what); });
  leased.put(1);
  plain.put(2);
  process taker{[](queue<int> from_leased, queue<int> from_plain, queue<int> to) {
                  const auto held = from_leased.lease();
                  (void)from_plain.get();
                  to.put(1);
                  block();
                },
                leased, plain, said};
  taker.start();
  CHECK(said.get() == 1);
  kill_servers();
  taker.kill();
  CHECK(*leased.lease() == 1);
  taker.join();
  (void)plain.try_get();
  CHECK(lost.size() == 1);
}

TEST_CASE("children end with their parent even if no server is left to see to it") {
  queue<int> pids;
  process parent{grow, pids, 2, 2};
  parent.start();
  std::vector<int> all;
  for (int i = 0; i < 7; ++i) all.push_back(pids.get());
  kill_servers();
  REQUIRE(::kill(*parent.pid(), SIGKILL) == 0);
  for (const int pid : all) wait_for_end(pid);  // before anybody here looks
  parent.join();
}

namespace {

/// A tree of its own, in a process that knows nothing of this one's. Gives the pids of all who are in it.
std::vector<int> pids_of_tree(const std::string& mark) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t launcher = ::fork();
  REQUIRE(launcher >= 0);
  if (launcher == 0) {
    ::dup2(ends[1], 1);
    ::setenv("TROUPE_TEST_TREE", mark.c_str(), 1);
    ::execl("/proc/self/exe", "crash_tests", "[.tree_to_be_killed]", nullptr);
    ::_exit(1);
  }
  ::close(ends[1]);
  std::string text;
  char piece[256];
  while (text.find("end\n") == std::string::npos) {
    const ssize_t count = ::read(ends[0], piece, sizeof piece);
    REQUIRE(count > 0);
    text.append(piece, static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  std::vector<int> pids{launcher};
  const auto first = text.find("pids ");
  REQUIRE(first != std::string::npos);
  std::istringstream words{text.substr(first + 5)};
  for (int pid = 0; words >> pid;) pids.push_back(pid);
  return pids;
}

}  // namespace

TEST_CASE("a tree whose first process and servers are killed together", "[.tree_to_be_killed]") {
  queue<int> pids;
  process one{grow, pids, 3, 2};
  process other{process_options{.on_parent_death = when_orphaned::terminate}, grow, pids, 3, 2};
  one.start();
  other.start();
  std::string text = "pids ";
  for (int i = 0; i < 26; ++i) text += std::to_string(pids.get()) + " ";
  const std::vector<int> both = servers();
  REQUIRE(both.size() == 2);
  for (const int server : both) text += std::to_string(server) + " ";
  text += "end\n";
  REQUIRE(::write(1, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  block();
}

TEST_CASE("nobody is left of a tree whose first process, keeper and fork server are killed together") {
  const std::vector<int> pids = pids_of_tree("1");
  REQUIRE(pids.size() == 29);
  for (const int pid : {pids.front(), pids[pids.size() - 1], pids[pids.size() - 2]}) (void)::kill(pid, SIGKILL);
  REQUIRE(::waitpid(pids.front(), nullptr, 0) == pids.front());
  for (const int pid : pids) wait_for_end(pid);
}

TEST_CASE("both servers are killed again and again beside starts, and each start happens once", "[storm]") {
  std::atomic<bool> over{false};
  std::atomic<int> kills{0};
  std::thread killer{[&] {
    while (!over) {
      const int keeper = waiting_server("troupe-keeper");
      const int server = waiting_server("troupe-server");
      if (keeper == 0 || server == 0) continue;
      (void)::kill(keeper, SIGKILL);
      if (::kill(server, SIGKILL) == 0) ++kills;
    }
  }};
  int exact = 0;
  int started = 0;
  for (const auto end = std::chrono::steady_clock::now() + 4s; std::chrono::steady_clock::now() < end; ++started)
    exact += run(process{return_it, started % 100}) == started % 100 ? 1 : 0;
  over = true;
  killer.join();
  CHECK(exact == started);
  CHECK(kills > 0);
  WARN(started << " processes started, both servers killed " << kills << " times");
}
