#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "troupe/base/error.hpp"
#include "troupe/pipeline.hpp"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace troupe;

namespace pipeline_crash {

/// Ends its process at one item, as often as there are lives in a folder to be taken.
struct dies_at {
  int victim = 0;
  std::string lives{};  // a folder with one file per death to come

  int operator()(int n) const {
    if (n == victim)
      for (const auto& life : std::filesystem::directory_iterator{lives})
        if (std::filesystem::remove(life.path())) ::raise(SIGKILL);
    return n;
  }
};

/// Cannot even be loaded.
struct dies_on_arrival {
  int operator()(int n) const { return n; }

  int unused = 0;
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if constexpr (Archive::is_loading::value) ::raise(SIGKILL);
  }
};

class lives {
 public:
  explicit lives(int count) {
    for (int i = 0; i < count; ++i) ::close(::creat((path() + '/' + std::to_string(i)).c_str(), 0600));
  }
  [[nodiscard]] std::string path() const { return folder_.path().string(); }

 private:
  test::temporary_folder folder_;
};

void append(std::vector<int>& all, int&& n) { all.push_back(n); }

int work(int n) {
  volatile unsigned waste = 0;
  for (unsigned i = 0; i < 20'000; ++i) waste = waste + i;
  return n;
}

std::vector<int> first(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

}  // namespace pipeline_crash
using namespace pipeline_crash;

TEST_CASE("an item that kills its worker twice is tried a third time, and the result is exact") {
  const lives two{2};
  auto report = from("numbers", first(200))
                    .then("die", dies_at{50, two.path()}, {.width = 2, .where = place::own_process, .retries = 2})
                    .fold("append", append, std::vector<int>{})
                    .run(this_system(), {.ordered = true});
  CHECK(report.value == first(200));
  CHECK(report.stages[1].deaths == 2);
  CHECK(report.stages[1].retries >= 2);
}

TEST_CASE("an item that kills more workers than its step allows ends the run with its name") {
  const lives many{100};
  auto plan = from("numbers", first(200))
                  .then("die", dies_at{50, many.path()}, {.width = 2, .where = place::own_process, .retries = 2})
                  .fold("append", append, std::vector<int>{});
  try {
    static_cast<void>(plan.run(this_system()));
    FAIL("no exception");
  } catch (const error& e) {
    CHECK(e.code() == errc::process_died);
    const std::string text = e.what();
    INFO(text);
    CHECK(text.starts_with("step 'die' at item 50 of 'numbers': its worker died 3 times; the last: "));
    CHECK(text.find("signal 9") != std::string::npos);
  }
}

TEST_CASE("workers that die before they do anything are not restarted for ever") {
  auto plan = from("numbers", first(10))
                  .then("die", dies_on_arrival{}, {.where = place::own_process, .retries = 1})
                  .fold("append", append, std::vector<int>{});
  try {
    static_cast<void>(plan.run(this_system()));
    FAIL("no exception");
  } catch (const error& e) {
    CHECK(e.code() == errc::process_died);
    INFO(e.what());
    CHECK(std::string{e.what()}.find("workers in a row died before they finished an item") != std::string::npos);
  }
}

TEST_CASE("workers killed at random all the time change nothing about the result") {
  std::mt19937 dice{std::random_device{}()};
  std::uint64_t kills = 0;
  std::uint64_t finished_then = 0;
  const auto strike = [&](const progress& now) {
    if (now.workers.empty() || now.finished == finished_then) return;
    finished_then = now.finished;
    now.workers[dice() % now.workers.size()].kill();
    ++kills;
  };
  constexpr int count = 5000;
  auto report =
      from("numbers", first(count))
          .then("first", work, {.width = 2, .where = place::own_process, .retries = 1'000'000})
          .then("second", work, {.width = 3, .where = place::own_process, .retries = 1'000'000})
          .fold("append", append, std::vector<int>{})
          .run(this_system(), {.interval = std::chrono::milliseconds{3}, .on_progress = strike, .ordered = true});
  CHECK(report.value == first(count));
  CHECK(kills > 0);
  CHECK(deaths(report.stages) > 0);
  CHECK(report.stages[1].items == count);
  CHECK(report.stages[2].items == count);
}

TEST_CASE("a worker seen in a report can be killed again and again, also after the run") {
  std::vector<worker_process> seen;
  auto report =
      from("numbers", first(2000))
          .then("work", work, {.width = 2, .where = place::own_process, .retries = 1'000'000})
          .fold("append", append, std::vector<int>{})
          .run(this_system(), {.interval = std::chrono::milliseconds{1}, .on_progress = [&](const progress& now) {
                                 seen.insert(seen.end(), now.workers.begin(), now.workers.end());
                                 if (seen.size() > 2) seen.front().kill();
                               }});
  for (const worker_process& worker : seen) worker.kill();
  CHECK(report.value.size() == 2000);
  CHECK(report.stages[1].deaths <= 1);
}
