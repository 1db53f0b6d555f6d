// Nodes killed while others talk with them.
#include "support/accounts.hpp"
#include "support/catch.hpp"
#include "support/sanitizers.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

using namespace bank;
using troupe::errc;
using troupe::this_system;
using troupe::test::later;

namespace {

constexpr int rounds = troupe::test::under_sanitizer ? 10 : 40;

// What an ask may say once its receiver's process may have been killed.
bool is_answered_or_dead(troupe::answer<void>& answer) {
  try {
    answer.get();
    return true;
  } catch (const troupe::error& e) {
    return e.code() == errc::process_died;
  }
}

bool all_threads_are_stopped(int pid) {
  for (const auto& thread : std::filesystem::directory_iterator{"/proc/" + std::to_string(pid) + "/task"}) {
    std::ifstream file{thread.path() / "stat"};
    const std::string stat{std::istreambuf_iterator<char>{file}, {}};
    if (stat.at(stat.rfind(')') + 2) != 'T') return false;
  }
  return true;
}

// Asks its partner again and again, as an actor of a node, until that fails.
struct talk {
  troupe::ref<account_api> to;
};
struct count_asked {
  using reply = long;
};
struct talker_api : troupe::protocol<talk, count_asked> {};
class talker : public troupe::actor<talker_api> {
 public:
  void on(const talk& m) {
    try {
      for (;; ++asked_) m.to.ask(deposit{1}).get();
    } catch (const troupe::error&) {
    }
  }
  long on(const count_asked&) { return asked_; }

 private:
  long asked_ = 0;
};

}  // namespace

TEST_CASE("every ask to a node that is killed at any moment is answered or fails", "[crash]") {
  for (int round = 0; round < rounds; ++round) {
    auto node = this_system().start_node({.name = "victim"});
    const auto account = node.spawn<bank::account>();
    later<troupe::down> news;
    this_system().spawn<bank::watcher>(news).ask(watch_account{account}).get();
    std::atomic<int> under_way{0};
    std::thread killer{[&under_way, pid = node.pid(), enough = 20 * (round + 1)] {
      while (under_way.load() < enough) std::this_thread::yield();
      ::kill(pid, SIGKILL);
    }};
    std::vector<troupe::answer<void>> answers;
    for (bool alive = true; alive && answers.size() < 4000;) {
      answers.push_back(account.ask(deposit{1}));
      ++under_way;
      if (answers.size() % 50 == 0) alive = node.is_alive();
    }
    killer.join();
    CHECK(std::all_of(answers.begin(), answers.end(), is_answered_or_dead));
    CHECK(news.get().reason == errc::process_died);
    node.join();
    CHECK(node.exit_code() == -SIGKILL);
  }
}

TEST_CASE("a node goes on when the node it talks with is killed", "[crash]") {
  const auto survivor = this_system().start_node({.name = "survivor"});
  for (int round = 0; round < rounds; ++round) {
    auto victim = this_system().start_node({.name = "victim"});
    const auto talker = survivor.spawn<::talker>();
    const auto account = victim.spawn<bank::account>();
    auto talking = talker.ask(talk{account});
    while (account.ask(balance{}).get() < 10 * round) {
    }
    victim.kill();
    talking.get();
    CHECK(talker.ask(count_asked{}).get() >= 10 * round);
  }
}

TEST_CASE("a node that is stopped by a signal is waited for, not given up", "[crash]") {
  auto node = this_system().start_node({.name = "sleeper"});
  const auto account = node.spawn<bank::account>();
  REQUIRE(::kill(node.pid(), SIGSTOP) == 0);
  while (!all_threads_are_stopped(node.pid())) std::this_thread::yield();  // the signal reaches each in its own time
  auto answer = account.ask(deposit{1});
  CHECK_FALSE(answer.try_get_for(std::chrono::milliseconds{50}));
  REQUIRE(::kill(node.pid(), SIGCONT) == 0);
  answer.get();
}

namespace {

/// Bytes of memory that the control memory of this tree takes.
std::size_t memory_of_tree() {
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    struct stat file{};
    if (target.starts_with("/memfd:troupe-control") && ::stat(entry.path().c_str(), &file) == 0)
      return static_cast<std::size_t>(file.st_blocks) * 512;
  }
  return 0;
}

}  // namespace

TEST_CASE("what waits in the inbox of a killed node costs no memory any more") {
  constexpr std::size_t size = std::size_t{48} << 20;
  {  // what the first message takes for good
    auto node = this_system().start_node();
    CHECK(node.spawn<account>().ask(balance{}).get() == 0);
  }
  const std::size_t before = memory_of_tree();
  for (int round = 0; round < 3; ++round) {
    auto node = this_system().start_node();
    const auto there = node.spawn<account>();
    REQUIRE(::kill(node.pid(), SIGSTOP) == 0);
    while (!all_threads_are_stopped(node.pid())) std::this_thread::yield();
    there.tell(fail{std::string(size, 'x')});
    CHECK(memory_of_tree() >= before + size);
    node.kill();
    node.join();
    while (memory_of_tree() > before + (std::size_t{4} << 20)) std::this_thread::yield();
  }
}
