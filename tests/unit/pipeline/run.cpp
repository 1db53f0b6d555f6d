#include "support/catch.hpp"
#include "troupe/base/error.hpp"
#include "troupe/pipeline.hpp"

#include <algorithm>
#include <csignal>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;

namespace pipeline_test {

struct sighting {
  int number = 0;
  int by = 0;     // pid in the first step
  int again = 0;  // pid in the second
};

int twice(int n) { return 2 * n; }
std::string text(int n) { return std::to_string(n); }
int number(const std::string& t) { return std::stoi(t); }
sighting see(int n) { return {n, ::getpid(), 0}; }
sighting see_again(sighting s) {
  s.again = ::getpid();
  return s;
}
std::optional<int> only_even(int n) { return n % 2 == 0 ? std::optional{n} : std::nullopt; }
long add(long all, int n) { return all + n; }
void append(std::vector<int>& all, int&& n) { all.push_back(n); }
void collect(std::vector<sighting>& all, sighting&& s) { all.push_back(s); }

/// A functor with a state that travels.
struct plus {
  int more = 0;
  int operator()(int n) const { return n + more; }
};

std::vector<int> first(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

}  // namespace pipeline_test
using namespace pipeline_test;

TEST_CASE("a pipeline of steps in this process computes what the steps say") {
  const auto numbers = first(100);
  int offset = 3;  // a lambda that captures, for it stays here
  auto report = from("numbers", numbers)
                    .then("twice", twice)
                    .then("plus", [&](int n) { return n + offset; }, {.width = 2})
                    .fold("add", add, 0L)
                    .run(this_system());
  CHECK(report.value == 100 * 101 + 300);
  REQUIRE(report.stages.size() == 4);
  for (const stage_stats& stage : report.stages) CHECK(stage.items == 100);
}

TEST_CASE("steps in own processes run there, each item once") {
  auto report = from("numbers", first(200))
                    .then("see", see, {.width = 3, .where = place::own_process})
                    .fold("collect", collect, std::vector<sighting>{})
                    .run(this_system());
  std::set<int> numbers;
  std::set<int> workers;
  for (const sighting& s : report.value) {
    CHECK(numbers.insert(s.number).second);
    workers.insert(s.by);
  }
  CHECK(numbers.size() == 200);
  CHECK_FALSE(workers.contains(::getpid()));
  CHECK(workers.size() <= 3);
}

TEST_CASE("after a run its worker processes have ended") {
  auto report = from("numbers", first(20))
                    .then("see", see, {.width = 2, .where = place::own_process})
                    .fold("collect", collect, std::vector<sighting>{})
                    .run(this_system());
  for (const sighting& s : report.value) CHECK(::kill(s.by, 0) == -1);
}

TEST_CASE("a step without options goes with the step before it: one process carries out both") {
  auto report = from("numbers", first(50))
                    .then("see", see, {.width = 2, .where = place::own_process})
                    .then("see again", see_again)
                    .fold("collect", collect, std::vector<sighting>{})
                    .run(this_system());
  REQUIRE(report.value.size() == 50);
  for (const sighting& s : report.value) CHECK(s.by == s.again);
}

TEST_CASE("steps of different placement are carried out apart") {
  auto report = from("numbers", first(50))
                    .then("see", see, {.width = 2, .where = place::own_process})
                    .then("see again", see_again, {})
                    .fold("collect", collect, std::vector<sighting>{})
                    .run(this_system());
  REQUIRE(report.value.size() == 50);
  for (const sighting& s : report.value) {
    CHECK(s.by != ::getpid());
    CHECK(s.again == ::getpid());
  }
}

TEST_CASE("items pass from one group of processes to another") {
  auto report = from("numbers", first(300))
                    .then("text", text, {.width = 2, .where = place::own_process})
                    .then("number", number, {.width = 3, .where = place::own_process})
                    .then("twice", twice, {.width = 1, .where = place::own_process})
                    .fold("add", add, 0L)
                    .run(this_system());
  CHECK(report.value == 300 * 301);
}

TEST_CASE("with the ordered option items are folded in the order of the source") {
  auto report = from("numbers", first(500))
                    .then("text", text, {.width = 3, .where = place::own_process})
                    .then("number", number, {.width = 2})
                    .fold("append", append, std::vector<int>{})
                    .run(this_system(), {.ordered = true});
  CHECK(report.value == first(500));
}

TEST_CASE("a step that returns an empty optional drops the item") {
  auto report = from("numbers", first(100))
                    .then("only even", only_even, {.width = 2, .where = place::own_process})
                    .then("twice", twice)
                    .fold("append", append, std::vector<int>{})
                    .run(this_system(), {.ordered = true});
  std::vector<int> expected;
  for (int n = 2; n <= 100; n += 2) expected.push_back(2 * n);
  CHECK(report.value == expected);
  CHECK(report.stages[1].items == 100);
  CHECK(report.stages[2].items == 50);
  CHECK(report.stages[3].items == 50);
}

TEST_CASE("an empty source gives the initial value") {
  auto report = from("numbers", std::vector<int>{})
                    .then("twice", twice, {.width = 2, .where = place::own_process})
                    .fold("add", add, 42L)
                    .run(this_system());
  CHECK(report.value == 42);
}

TEST_CASE("a pipeline may have no steps") {
  auto report = from("numbers", first(1000)).fold("add", add, 0L).run(this_system());
  CHECK(report.value == 500500);
}

TEST_CASE("serializable functors and captureless lambdas travel with their state") {
  auto report = from("numbers", first(10))
                    .then("plus", plus{1000}, {.where = place::own_process})
                    .then("minus", [](int n) { return n - 1; })
                    .fold("append", append, std::vector<int>{})
                    .run(this_system(), {.ordered = true});
  CHECK(report.value.front() == 1000);
  CHECK(report.value.back() == 1009);
}

TEST_CASE("a pipeline runs once") {
  const auto numbers = first(3);
  auto plan = from("numbers", numbers).fold("add", add, 0L);
  CHECK(plan.run(this_system()).value == 6);
  CHECK_THROWS_WITH(plan.run(this_system()), "this pipeline has run: its source is used up");
}

TEST_CASE("a pipeline that makes no sense is refused before anything starts") {
  auto plan = from("numbers", first(3)).then("twice", twice, {.width = 0}).fold("add", add, 0L);
  CHECK_THROWS_WITH(plan.run(this_system()), "step 'twice' has a width of 0: it needs at least one worker");
}

TEST_CASE("a plan shows its graph without running") {
  const auto plan =
      from("numbers", first(3)).then("text", text, {.width = 2}).then("number", number).fold("add", add, 0L);
  const std::string graph = plan.dot();
  CHECK(graph.find("\"numbers\" -> \"text\" [label=\"int32\"]") != std::string::npos);
  CHECK(graph.find("\"text\" -> \"number\" [label=\"string\"]") != std::string::npos);
  CHECK(graph.find("label=\"2 actors here, window 8\"") != std::string::npos);
}

TEST_CASE("progress is reported to the calling thread until all is finished") {
  const auto caller = std::this_thread::get_id();
  std::size_t reports = 0;
  bool ordered = true;
  std::uint64_t last = 0;
  auto report =
      from("numbers", first(20000))
          .then("text", text, {.width = 2, .where = place::own_process})
          .fold(
              "add", [](long& all, const std::string& t) { all += std::stoi(t); }, 0L)
          .run(this_system(), {.interval = std::chrono::milliseconds{1}, .on_progress = [&](const progress& now) {
                                 ++reports;
                                 ordered = ordered && now.finished >= last && now.total == 20000U
                                           && now.pulled >= now.finished && std::this_thread::get_id() == caller;
                                 last = now.finished;
                               }});
  CHECK(report.value == 20000L * 20001 / 2);
  CHECK(reports > 0);
  CHECK(ordered);
}

TEST_CASE("a hundred thousand tiny items pass through processes, and none is lost") {
  constexpr int count = 100'000;
  auto report = from("numbers", std::views::iota(1, count + 1))
                    .then("twice", twice, {.width = 2, .where = place::own_process, .window = 64})
                    .fold("add", add, 0L)
                    .run(this_system());
  CHECK(report.value == long{count} * (count + 1));
  UNSCOPED_INFO("it took " << std::chrono::duration<double>{report.elapsed}.count() << " s");
  CHECK(report.stages[1].items == count);
}
