#include "support/catch.hpp"
#include "troupe/base/error.hpp"
#include "troupe/pipeline.hpp"

#include <atomic>
#include <ranges>
#include <stdexcept>
#include <string>

using namespace troupe;

namespace pipeline_failures {

int twice(int n) { return 2 * n; }
int same(int n) { return n; }
int refuse_seven(int n) { return n == 7 ? throw std::runtime_error{"seven is not welcome"} : n; }
long add(long all, int n) { return all + n; }

auto numbers() { return from("numbers", std::views::iota(1, 101)); }

}  // namespace pipeline_failures
using namespace pipeline_failures;

TEST_CASE("an exception of a step ends the run as remote_error that names step and item") {
  auto plan = numbers()
                  .then("same", same, {.width = 2, .where = place::own_process})
                  .then("refuse", refuse_seven)
                  .fold("add", add, 0L);
  try {
    static_cast<void>(plan.run(this_system()));
    FAIL("no exception");
  } catch (const remote_error& e) {
    CHECK(e.type() == "std::runtime_error");
    CHECK(e.text() == "seven is not welcome");
    CHECK(e.origin() == "step 'refuse' at item 7 of 'numbers'");
  }
}

TEST_CASE("an exception of a step in this process is reported alike") {
  auto plan = numbers().then("refuse", refuse_seven, {.width = 2}).fold("add", add, 0L);
  CHECK_THROWS_AS(plan.run(this_system()), remote_error);
}

TEST_CASE("an exception of the fold reaches the caller as it is") {
  auto plan = numbers()
                  .then("twice", twice, {.where = place::own_process})
                  .fold("add", [](long& all, int n) { n > 100 ? throw std::out_of_range{"too much"} : all += n; }, 0L);
  CHECK_THROWS_AS(plan.run(this_system()), std::out_of_range);
}

TEST_CASE("an exception of the source reaches the caller as it is") {
  auto plan = from("numbers", std::views::iota(1) | std::views::transform([](int n) {
                                return n > 50 ? throw std::out_of_range{"the source is dry"} : n;
                              }))
                  .then("twice", twice, {.width = 2, .where = place::own_process})
                  .fold("add", add, 0L);
  CHECK_THROWS_AS(plan.run(this_system()), std::out_of_range);
}

TEST_CASE("an endless source is pulled only as far as there is room") {
  constexpr int room = 17;  // twice two windows of four, and one
  int pulled = 0;
  std::atomic<int> folded{0};
  bool ahead = false;
  auto counted = std::views::iota(1) | std::views::transform([&](int n) {
                   ahead = ahead || ++pulled - folded > room;
                   return n;
                 });
  auto plan = from("numbers", counted)
                  .then("twice", twice, {.width = 2, .where = place::own_process, .window = 4})
                  .fold("stop", [&](long&, int) { ++folded == 1000 ? throw std::out_of_range{"enough"} : void(); }, 0L);
  CHECK_THROWS_AS(plan.run(this_system()), std::out_of_range);
  CHECK_FALSE(ahead);
  CHECK(pulled >= 1000);
}

TEST_CASE("an exception of the progress callback ends the run") {
  auto plan =
      from("numbers", std::views::iota(0)).then("twice", twice, {.where = place::own_process}).fold("add", add, 0L);
  CHECK_THROWS_AS(
      plan.run(this_system(), {.interval = std::chrono::milliseconds{1},
                               .on_progress = [](const progress&) { throw std::out_of_range{"seen enough"}; }}),
      std::out_of_range);
}
