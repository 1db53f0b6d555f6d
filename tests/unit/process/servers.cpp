// The fork server and its keeper, killed.
#include "support/catch.hpp"
#include "support/footprint.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"

#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <sched.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

/// 0 if there is none at this moment.
pid_t server_called(std::string_view wanted) {
  for (const int pid : servers()) {
    std::ifstream file{"/proc/" + std::to_string(pid) + "/comm"};
    std::string name;
    if (std::getline(file, name) && name == wanted) return pid;
  }
  return 0;
}

int run(int code) {
  process p{[](int wanted) { return wanted; }, code};
  p.start();
  p.join();
  return p.exit_code().value();
}

/// Waits until the tree is served by two others than before.
void kill_and_wait(pid_t victim) {
  REQUIRE(victim > 0);
  REQUIRE(::kill(victim, SIGKILL) == 0);
  const auto end = std::chrono::steady_clock::now() + 10s;
  for (;;) {
    const pid_t keeper = server_called("troupe-keeper");
    const pid_t server = server_called("troupe-server");
    if (keeper != 0 && server != 0 && keeper != victim && server != victim) return;
    REQUIRE(std::chrono::steady_clock::now() < end);
    ::sched_yield();
  }
}

}  // namespace

TEST_CASE("a killed server is replaced, its children live on, and how they end is known") {
  const char* const victim = GENERATE("troupe-server", "troupe-keeper");
  CAPTURE(victim);
  CHECK(run(1) == 1);
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

  kill_and_wait(server_called(victim));
  CHECK(run(2) == 2);
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
  kill_and_wait(server_called("troupe-server"));
  kill_and_wait(server_called("troupe-keeper"));
  here.send(8);
  child.join();
  CHECK(child.exit_code() == 8);  // it said so itself
  other.kill();
  other.join();
  CHECK(other.exit_code() == 255);  // nobody in the tree was there to hear it
  CHECK(run(3) == 3);
}

TEST_CASE("starts go on while the servers are killed again and again", "[storm]") {
  std::atomic<bool> over{false};
  std::atomic<int> kills{0};
  std::thread killer{[&] {
    std::mt19937 random{std::random_device{}()};
    while (!over) {
      const pid_t keeper = server_called("troupe-keeper");
      const pid_t server = server_called("troupe-server");
      // One at a time: if both are gone before either was replaced, nothing can be started any more.
      if (keeper == 0 || server == 0) continue;
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds{random() % 3000};
      while (std::chrono::steady_clock::now() < until) ::sched_yield();
      if (::kill(random() % 2 == 0 ? keeper : server, SIGKILL) == 0) ++kills;
      while (!over && server_called("troupe-keeper") == keeper && server_called("troupe-server") == server)
        ::sched_yield();
    }
  }};
  int exact = 0;
  const auto end = std::chrono::steady_clock::now() + 3s;
  int started = 0;
  for (; std::chrono::steady_clock::now() < end; ++started) exact += run(started % 100) == started % 100 ? 1 : 0;
  over = true;
  killer.join();
  CHECK(exact == started);
  WARN(started << " processes started, " << kills << " servers killed");
  CHECK(kills > 0);
}
