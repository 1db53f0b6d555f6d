// Whole families of processes: many at once, many one after the other, and one whose first process is killed.
#include "support/catch.hpp"
#include "support/footprint.hpp"
#include "support/run.hpp"
#include "support/sanitizers.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* report_variable = "TROUPE_TEST_REPORT_TO";  // a descriptor
constexpr int children = 3;

[[noreturn]] void block() {
  for (;;) ::pause();
}

void start_children_and_block(queue<int> pids, int generations) {
  pids.put(::getpid());
  std::vector<process> mine;
  for (int i = 0; generations > 0 && i < children; ++i)
    mine.emplace_back(start_children_and_block, pids, generations - 1).start();
  block();
}

}  // namespace

TEST_CASE("five hundred processes run at once") {
  const footprint before = footprint::now();
  {
    queue<int> pids;
    auto [gate, there] = pipe(simplex);
    std::vector<process> all;
    for (int i = 0; i < 500; ++i) {
      all.emplace_back(
          [](queue<int> out) {
            out.put(::getpid());
            block();
          },
          pids);
      all.back().start();
    }
    std::vector<int> seen;
    for (int i = 0; i < 500; ++i) seen.push_back(pids.get());
    std::sort(seen.begin(), seen.end());
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
    CHECK(active_children().size() >= 500);
    for (process& p : all) p.kill();
    for (process& p : all) p.join();
    CHECK(std::all_of(all.begin(), all.end(), [](process& p) { return p.exit_code() == -SIGKILL; }));
  }
  CHECK(footprint::settled_within(before).is_within(before));
}

TEST_CASE("more processes than fit at once may have ended before anybody asks how") {
  std::vector<process> all;
  for (int i = 0; i < 1500; ++i)
    all.emplace_back(
           process_options{.errors = stdio::null()},
           [](int code) {
             if (code == 7) throw std::runtime_error{"seven"};
             return code;
           },
           i % 100)
        .start();
  int right = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].join();
    const exit_status end = all[i].exit_status().value();
    const int code = static_cast<int>(i % 100);
    right += code == 7 ? end.exception == "std::runtime_error: seven" : end.code == code;
  }
  CHECK(right == 1500);
}

TEST_CASE("ten thousand starts and joins leave nothing behind") {
  REQUIRE(run(process{return_it, 1}) == 1);
  const footprint before = footprint::now();
  const int count = under_sanitizer ? 1'000 : 10'000;
  for (int i = 0; i < count; ++i) REQUIRE(run(process{return_it, i % 100}) == i % 100);
  CHECK(footprint::settled_within(before).is_within(before));
}

// Not a test of its own: the first process of the family in the one below.
TEST_CASE("the first process of a family", "[.family]") {
  const char* report = std::getenv(report_variable);
  REQUIRE(report != nullptr);
  queue<int> pids;
  std::vector<process> mine;
  for (int i = 0; i < children; ++i) mine.emplace_back(start_children_and_block, pids, 1).start();
  std::ostringstream all;
  for (int i = 0; i < children + children * children; ++i) all << pids.get() << ' ';
  for (const int server : servers()) all << server << ' ';
  const std::string text = all.str() + "\n";
  REQUIRE(::write(std::atoi(report), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  block();
}

namespace {

/// A family of its own, as its first process tells of it.
struct family {
  pid_t first = 0;
  std::vector<pid_t> pids;  // of all the others, the servers at the end

  family() {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    first = ::fork();
    if (first == 0) {
      ::setenv(report_variable, std::to_string(ends[1]).c_str(), 1);
      ::execl("/proc/self/exe", "crash_tests", "the first process of a family", nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    std::string text;
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) text += c;
    ::close(ends[0]);
    std::istringstream numbers{text};
    for (pid_t pid = 0; numbers >> pid;) pids.push_back(pid);
    REQUIRE(pids.size() == 2 + children + children * children);
    REQUIRE(std::all_of(pids.begin(), pids.end(), runs));
  }

  /// Kills the first process. Returns whether all the others end of that.
  bool ends_with_its_first() const {
    REQUIRE(::kill(first, SIGKILL) == 0);
    REQUIRE(::waitpid(first, nullptr, 0) == first);
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (std::any_of(pids.begin(), pids.end(), runs) && std::chrono::steady_clock::now() < end) ::sched_yield();
    return std::none_of(pids.begin(), pids.end(), runs);
  }
};

std::vector<pid_t> children_of(pid_t parent) {
  std::ifstream file{"/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) + "/children"};
  std::vector<pid_t> found;
  for (pid_t pid = 0; file >> pid;) found.push_back(pid);
  return found;
}

}  // namespace

TEST_CASE("when the first process is killed, its whole family ends") {
  const family all;
  CHECK(all.ends_with_its_first());
}

TEST_CASE("when the first process is killed, those end, too, whose fork server had been killed") {
  family all;
  std::vector<pid_t> both{all.pids.end() - 2, all.pids.end()};
  if (children_of(both[0]) != std::vector{both[1]}) std::swap(both[0], both[1]);
  const auto [keeper, server] = std::pair{both[0], both[1]};
  REQUIRE(::kill(server, SIGKILL) == 0);
  const std::size_t adopted = children + children * children;
  while (runs(server) || children_of(keeper).size() < adopted + 1) ::sched_yield();
  const std::vector<pid_t> now = children_of(keeper);
  all.pids.insert(all.pids.end(), now.begin(), now.end());  // the new server is among them
  CHECK(all.ends_with_its_first());
}
