// The fork server and its keeper, killed.
#include "support/catch.hpp"
#include "support/footprint.hpp"
#include "support/run.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <random>
#include <sched.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

/// Once it waits for something to do.
pid_t the(std::string_view server) {
  const auto end = std::chrono::steady_clock::now() + 10s;
  for (;; ::sched_yield()) {
    if (const pid_t pid = waiting_server(server)) return pid;
    REQUIRE(std::chrono::steady_clock::now() < end);
  }
}

/// False if it was gone already. Returns once it has ended.
bool kill_for_good(pid_t pid) {
  if (::kill(pid, SIGKILL) != 0) return false;
  while (runs(pid)) ::sched_yield();
  return true;
}

/// Returns once there are two servers again.
void kill_and_wait(std::string_view server) {
  REQUIRE(kill_for_good(the(server)));
  (void)the("troupe-keeper");
  (void)the("troupe-server");
}

}  // namespace

TEST_CASE("a killed server is replaced, its children live on, and how they end is known") {
  const char* const victim = GENERATE("troupe-server", "troupe-keeper");
  CAPTURE(victim);
  CHECK(run(process{return_it, 1}) == 1);
  auto [here, there] = pipe();
  process child{[](connection line) {
                  line.send(1);
                  return line.recv<int>();
                },
                std::move(there)};
  process other{[] {
    for (;;) ::pause();
  }};
  child.start();
  other.start();
  CHECK(here.recv<int>() == 1);

  kill_and_wait(victim);
  CHECK(run(process{return_it, 2}) == 2);
  CHECK(child.is_alive());
  CHECK(other.is_alive());
  here.send(7);
  child.join();
  CHECK(child.exit_code() == 7);
  other.terminate();
  other.join();
  CHECK(other.exit_code() == -SIGTERM);
}

TEST_CASE("if first the fork server is killed and then the keeper that adopted its children, they still live on") {
  auto [here, there] = pipe();
  process child{[](connection line) { return line.recv<int>(); }, std::move(there)};
  process other{[] {
    for (;;) ::pause();
  }};
  child.start();
  other.start();
  kill_and_wait("troupe-server");
  kill_and_wait("troupe-keeper");
  here.send(8);
  child.join();
  CHECK(child.exit_code() == 8);  // it said so itself
  other.kill();
  other.join();
  CHECK(other.exit_code() == 255);  // nobody in the tree was there to hear it
  CHECK(run(process{return_it, 3}) == 3);
}

TEST_CASE("servers with few descriptors look after many processes whose own servers died") {
  constexpr int count = 80;
  const auto limit_servers = [](rlim_t most) {
    for (const int server : servers()) {
      rlimit files{};
      REQUIRE(::prlimit(server, RLIMIT_NOFILE, nullptr, &files) == 0);
      files.rlim_cur = std::min(most, files.rlim_max);
      REQUIRE(::prlimit(server, RLIMIT_NOFILE, &files, nullptr) == 0);
    }
  };
  queue<int> gate;
  std::vector<process> all;
  for (int i = 0; i < count; ++i) all.emplace_back([](queue<int> from) { return from.get(); }, gate).start();
  limit_servers(count - 20);
  kill_and_wait("troupe-server");
  kill_and_wait("troupe-keeper");
  CHECK(run(process{return_it, 5}) == 5);
  CHECK(std::all_of(all.begin(), all.end(), [](process& p) { return p.is_alive(); }));
  for (int i = 0; i < count; ++i) gate.put(6);
  for (process& p : all) p.join();
  CHECK(std::all_of(all.begin(), all.end(), [](process& p) { return p.exit_code() == 6; }));
  limit_servers(RLIM_INFINITY);
}

TEST_CASE("starts go on while the servers are killed again and again", "[storm]") {
  std::atomic<bool> over{false};
  std::atomic<int> kills{0};
  std::thread killer{[&] {
    std::mt19937 random{std::random_device{}()};
    while (!over) {
      const pid_t keeper = waiting_server("troupe-keeper");
      const pid_t server = waiting_server("troupe-server");
      // One at a time: if both are gone before either was replaced, nothing can be started any more.
      if (keeper == 0 || server == 0) continue;
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{random() % 3000};
      while (std::chrono::steady_clock::now() < until) ::sched_yield();
      if (kill_for_good(random() % 2 == 0 ? keeper : server)) ++kills;
    }
  }};
  int exact = 0;
  const auto end = std::chrono::steady_clock::now() + 3s;
  int started = 0;
  for (; std::chrono::steady_clock::now() < end; ++started)
    exact += run(process{return_it, started % 100}) == started % 100 ? 1 : 0;
  over = true;
  killer.join();
  CHECK(exact == started);
  WARN(started << " processes started, " << kills << " servers killed");
  CHECK(kills > 0);
}
