#include "support/catch.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <csignal>
#include <map>
#include <random>
#include <vector>

using namespace troupe;

namespace {

/// One line of the ledger: who made it, the how-manieth of its maker, and bytes that show whether it came whole.
struct entry {
  int producer = 0;
  std::int64_t sequence = 0;
  std::string payload;
};

std::string payload_for(int producer, std::int64_t sequence) {
  const auto n = static_cast<std::size_t>((producer * 7919 + sequence * 104729) % 5000);
  return std::string(n, static_cast<char>('a' + (producer + sequence) % 26));
}

[[noreturn]] void produce_forever(queue<entry> out, int producer) {
  for (std::int64_t i = 0;; ++i) out.put({producer, i, payload_for(producer, i)});
}

[[noreturn]] void forward_forever(queue<entry> in, queue<entry> out) {
  for (;;) out.put(in.get());
}

}  // namespace

TEST_CASE("producers and consumers killed at random leave the queue whole and everybody else working") {
  constexpr int rounds = 60;
  queue<entry> first{queue_options{.maxsize = 50}};
  queue<entry> second{queue_options{.maxsize = 50}};
  std::mt19937 random{std::random_device{}()};
  std::vector<process> workers;
  int producers = 0;
  const auto start_one = [&](bool producer) {
    if (producer)
      workers.emplace_back(produce_forever, first, producers++);
    else
      workers.emplace_back(forward_forever, first, second);
    workers.back().start();
  };
  for (int i = 0; i < 6; ++i) start_one(i % 2 == 0);

  std::map<int, std::int64_t> last_seen;  // of each producer
  std::size_t received = 0;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < 20 + random() % 100; ++i) {
      const entry e = second.get();
      ++received;
      REQUIRE(e.payload == payload_for(e.producer, e.sequence));  // nothing half written ever comes out
      last_seen[e.producer] = e.sequence;
    }
    const std::size_t victim = random() % workers.size();
    const bool was_producer = victim % 2 == 0;
    workers[victim].kill();
    workers[victim].join();
    REQUIRE(workers[victim].exit_code() == -SIGKILL);
    if (was_producer)
      workers[victim] = process{produce_forever, first, producers++};
    else
      workers[victim] = process{forward_forever, first, second};
    workers[victim].start();
  }
  for (auto& w : workers) w.kill();
  for (auto& w : workers) w.join();

  // Everybody is dead. What they had committed is there, in order for each producer, and both queues still work.
  std::map<int, std::int64_t> next_of;
  while (const auto e = first.try_get()) {
    REQUIRE(e->payload == payload_for(e->producer, e->sequence));
    const auto known = next_of.find(e->producer);
    if (known != next_of.end()) REQUIRE(e->sequence == known->second);
    next_of[e->producer] = e->sequence + 1;
  }
  while (second.try_get()) ++received;
  first.put({0, 0, "fresh"});
  CHECK(first.get().payload == "fresh");
  CHECK(received > rounds * 20);
}

TEST_CASE("a consumer blocked on an empty queue gets the item of a producer that was killed right after its put") {
  for (int i = 0; i < 50; ++i) {
    queue<int> q;
    process p{[](queue<int> out) {
                out.put(42);
                std::raise(SIGKILL);
              },
              q};
    p.start();
    REQUIRE(q.get() == 42);
    p.join();
    REQUIRE(p.exit_code() == -SIGKILL);
  }
}
