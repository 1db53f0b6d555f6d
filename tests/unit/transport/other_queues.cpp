#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/killed_taker.hpp"
#include "troupe/queue.hpp"

#include <string>
#include <thread>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

constexpr auto soon = 20s;  // for what happens at once

}  // namespace

TEST_CASE("a simple queue puts and gets") {
  simple_queue<std::string> q;
  CHECK(q.empty());
  q.put("a");
  process echo{[](simple_queue<std::string> both) { both.put(both.get() + "b"); }, q};
  echo.start();
  echo.join();
  CHECK(q.get() == "ab");
  CHECK_FALSE(q.try_get());
}

TEST_CASE("join waits until every item is done") {
  joinable_queue<int> q;
  CHECK(q.try_join());
  for (int i = 0; i < 3; ++i) q.put(i);
  CHECK(q.get() == 0);
  CHECK(q.get() == 1);
  CHECK(q.size() == 1);
  q.task_done();
  CHECK_FALSE(q.try_join_for(1ms));
  q.task_done();
  CHECK(error_of([&] { q.task_done(); }) == errc::invalid_argument);
  process worker{[](joinable_queue<int> in) {
                   (void)in.get();
                   in.task_done();
                 },
                 q};
  worker.start();
  q.join();
  worker.join();
  CHECK(q.empty());
}

TEST_CASE("join goes on waiting for what a dead worker had begun") {
  joinable_queue<int> q;
  q.put(1);
  kill_once_it_has_taken(
      [](joinable_queue<int> in, connection report) { take_and_wait([&] { return in.get(); }, report); }, q);
  CHECK_FALSE(q.try_join_for(1ms));
  CHECK(q.try_get_for(soon) == 1);
  q.task_done();
  q.join();
}

TEST_CASE("each thread finishes what it got itself") {
  joinable_queue<int> q{1};
  q.put(1);
  CHECK(q.get() == 1);
  std::thread other{[&] {
    q.put(2);
    (void)q.get();
    q.task_done();
  }};
  other.join();
  q.close();  // gives back what is not done: the first
  CHECK(error_of([&] { q.put(1); }) == errc::closed);
}
