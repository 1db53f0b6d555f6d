#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::test;

TEST_CASE("connections and queues travel through a queue") {
  queue<connection> q;
  auto [ours, theirs] = pipe();
  process worker{[](queue<connection> in) {
                   connection line = in.get();
                   line.send(line.recv<int>() + 1);
                 },
                 q};
  worker.start();
  q.put(theirs);
  CHECK_FALSE(theirs.is_open());
  ours.send(41);
  CHECK(ours.recv<int>() == 42);
  worker.join();

  queue<queue<int>> queues;
  queue<int> inner;
  inner.put(5);
  queues.put(inner);
  CHECK(queues.get().get() == 5);
  CHECK(inner.empty());
}

TEST_CASE("items with and without handles keep their order, more than can be on their way at once") {
  queue<std::vector<queue<int>>> q;
  queue<int> inner;
  std::thread producer{[&] {
    for (std::size_t i = 0; i < 2000; ++i) q.put(std::vector<queue<int>>(i % 3, inner));
    q.shutdown();
  }};
  std::size_t i = 0;
  for (auto& item : q) {
    if (item.size() != i % 3) break;
    ++i;
  }
  producer.join();
  CHECK(i == 2000);
}

TEST_CASE("a dropped item closes its handles") {
  queue<connection> q;
  auto [ours, theirs] = pipe();
  q.put(theirs);
  q.shutdown(true);
  CHECK(error_of([&] { (void)ours.recv<int>(); }) == errc::end_of_stream);
}

TEST_CASE("handles on a queue with leases are refused") {
  queue<connection> q{queue_options{.name = "lines", .leases = true}};
  auto [ours, theirs] = pipe();
  CHECK_THROWS_WITH(q.put(theirs), Catch::Contains("lines") && Catch::Contains("without leases"));
  CHECK(theirs.is_open());
}
