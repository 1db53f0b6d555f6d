// Queues whose users are killed at any instruction.
#include "support/catch.hpp"
#include "support/kill_at_every_instruction.hpp"
#include "support/stepped_process.hpp"
#include "surviving_queue.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

/// What the survivor of a test is told of.
class losses {
 public:
  template <class T>
  explicit losses(queue<T>& q) {
    q.on_lost([this](const lost_items& lost) {
      REQUIRE(lost.count == 1);
      sequences_.push_back(lost.sequence);
    });
  }
  /// The victim had taken item 0 when it came for item 1: it is told of as lost until the victim came back, and the
  /// other from the moment it is taken.
  void require(bool taken) const {
    if (taken)
      REQUIRE(sequences_ == std::vector<std::uint64_t>{1});
    else
      REQUIRE((sequences_.empty() || sequences_ == std::vector<std::uint64_t>{0}));
  }

 private:
  std::vector<std::uint64_t> sequences_;
};

}  // namespace

TEST_CASE("a put killed at any instruction has put its item or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "put of an int"}, [](victim& victim) {
    queue<int> q;
    victim.run(
        [](marks marks, queue<int> out) {
          out.put(1);
          marks.around([&] { out.put(2); });
        },
        q);
    const bool put = q.size() == 2;
    REQUIRE(content(q, 3) == (put ? std::vector{1, 2} : std::vector{1}));
    return as_outcome(put);
  });
}

TEST_CASE("a put that makes the queue grow and is killed at any instruction has put its item or not",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "put of 300 KiB", .kills = 400}, [](victim& victim) {
    queue<std::string> q;
    victim.run(
        [](marks marks, queue<std::string> out) {
          const std::string item = large('2');
          out.put("1");
          marks.around([&] { out.put(item); });
        },
        q);
    const bool put = q.size() == 2;
    const auto items = content(q, large('3'));
    REQUIRE(items.size() == (put ? 2 : 1));
    REQUIRE(items.front() == "1");
    if (put) REQUIRE(items.back() == large('2'));
    return as_outcome(put);
  });
}

TEST_CASE("a get killed at any instruction has taken its item or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "get of an int"}, [](victim& victim) {
    queue<int> q;
    const losses lost{q};
    for (const int item : {1, 2, 3}) q.put(item);
    victim.run(
        [](marks marks, queue<int> in) {
          (void)in.get();
          marks.around([&] { (void)in.get(); });
        },
        q);
    const bool taken = q.size() == 1;
    REQUIRE(content(q, 4) == (taken ? std::vector{3} : std::vector{2, 3}));
    lost.require(taken);
    return as_outcome(taken);
  });
}

TEST_CASE("a get of a large item killed at any instruction has taken it or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "get of 300 KiB", .kills = 400}, [](victim& victim) {
    queue<std::string> q;
    const losses lost{q};
    q.put(large('1'));
    q.put(large('2'));
    victim.run(
        [](marks marks, queue<std::string> in) {
          (void)in.get();
          marks.around([&] { (void)in.get(); });
        },
        q);
    const bool taken = q.empty();
    const auto items = content(q, large('3'));
    REQUIRE(items.size() == (taken ? 0 : 1));
    if (!taken) REQUIRE(items.front() == large('2'));
    lost.require(taken);
    return as_outcome(taken);
  });
}

TEST_CASE("a get that empties and shrinks a large queue has taken its item or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "get that shrinks the queue", .kills = 60}, [](victim& victim) {
    static const std::string huge(std::size_t{5} << 20, 'h');
    queue<std::string> q;
    q.on_lost([](const lost_items&) {});
    for (const auto& item : {huge, std::string{"1"}, std::string{"2"}}) q.put(item);
    victim.run(
        [](marks marks, queue<std::string> in) {
          for (int i = 0; i < 2; ++i) (void)in.get();
          marks.around([&] { (void)in.get(); });
        },
        q);
    const bool taken = q.empty();
    const auto items = content(q, large('3'));
    REQUIRE(items == (taken ? std::vector<std::string>{} : std::vector<std::string>{"2"}));
    return as_outcome(taken);
  });
}

TEST_CASE("a consumer killed at any instruction of falling asleep leaves the next item to others",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "get from an empty queue", .falls_asleep = true}, [](victim& victim) {
    queue<int> q;
    q.on_lost([](const lost_items&) {});
    q.put(1);
    victim.run(
        [](marks marks, queue<int> in) {
          (void)in.get();
          marks.around([&] { (void)in.get(); });
        },
        q);
    REQUIRE(content(q, 2).empty());
    return outcome::not_yet;
  });
}

TEST_CASE("a producer killed at any instruction of falling asleep puts nothing", "[every_instruction]") {
  kill_at_every_instruction({.operation = "put on a full queue", .falls_asleep = true}, [](victim& victim) {
    queue<int> q{1};
    victim.run(
        [](marks marks, queue<int> out) {
          out.put(1);
          marks.around([&] { out.put(2); });
        },
        q);
    REQUIRE(q.try_get_for(soon) == 1);
    REQUIRE(content(q, 3).empty());
    return outcome::not_yet;
  });
}

TEST_CASE("a consumer asleep gets the item of a producer killed at any instruction, or the next one",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "put for a sleeping consumer", .kills = 800}, [](victim& victim) {
    queue<int> q;
    process consumer{[](queue<int> in) { return in.get(); }, q};
    consumer.start();
    victim.run(
        [](marks marks, queue<int> out, int sleeper) {
          queue<int>{}.put(1);
          wait_until_asleep(sleeper);
          marks.around([&] { out.put(2); });
        },
        q, *consumer.pid());
    if (q.empty()) REQUIRE(q.try_put_for(3, soon));  // else there is an item that it must get without our help
    REQUIRE(consumer.try_join_for(soon));
    const bool put = consumer.exit_code() == 2;
    if (!put) REQUIRE(consumer.exit_code() == 3);
    (void)content(q, 4);
    return as_outcome(put);
  });
}

TEST_CASE("a producer asleep gets room from a consumer killed at any instruction, or from the next one",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "get for a sleeping producer", .kills = 800}, [](victim& victim) {
    queue<int> q{1};
    q.on_lost([](const lost_items&) {});
    q.put(1);
    process producer{[](queue<int> out) {
                       out.on_lost([](const lost_items&) {});
                       out.put(2);
                     },
                     q};
    producer.start();
    victim.run(
        [](marks marks, queue<int> in, int sleeper) {
          queue<int> warm;
          warm.put(1);
          (void)warm.get();
          wait_until_asleep(sleeper);
          marks.around([&] { (void)in.get(); });
        },
        q, *producer.pid());
    if (q.empty()) REQUIRE(producer.try_join_for(soon));  // there is room that it must get without our help
    const bool taken = q.try_get_for(soon) == 2;
    REQUIRE(producer.try_join_for(soon));
    if (!taken) REQUIRE(q.try_get_for(soon) == 2);
    REQUIRE(content(q, 3).empty());
    return as_outcome(taken);
  });
}

TEST_CASE("a shutdown killed at any instruction has ended the queue or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "shutdown of a queue"}, [](victim& victim) {
    queue<int> q;
    q.put(1);
    victim.run(
        [](marks marks, queue<int> out) {
          queue<int>{}.shutdown();
          marks.around([&] { out.shutdown(); });
        },
        q);
    bool ended = false;
    try {
      q.put(2);
    } catch (const error& e) {
      REQUIRE(e.code() == errc::closed);
      ended = true;
    }
    REQUIRE(q.try_get_for(soon) == 1);
    if (ended)
      REQUIRE_THROWS_AS(q.try_get_for(soon), error);
    else
      REQUIRE(content(q, 3) == std::vector{2});
    return as_outcome(ended);
  });
}

TEST_CASE("closing a handle of a queue can be killed at any instruction", "[every_instruction]") {
  kill_at_every_instruction({.operation = "close of a handle"}, [](victim& victim) {
    queue<int> q;
    victim.run(
        [](marks marks, queue<int> out) {
          out.put(1);
          queue<int>{}.close();
          marks.around([&] { out.close(); });
        },
        q);
    REQUIRE(content(q, 2) == std::vector{1});
    return outcome::unknown;
  });
}

TEST_CASE("a put with handles killed at any instruction has put its item with all of them, or not",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "put of a queue"}, [](victim& victim) {
    queue<queue<int>> q;
    queue<int> inner;
    inner.put(7);
    victim.run(
        [](marks marks, queue<queue<int>> out, queue<int> item) {
          out.put(item);
          marks.around([&] { out.put(item); });
        },
        q, inner);
    const bool put = q.size() == 2;
    for (std::size_t i = q.size(); i != 0; --i) REQUIRE(q.get().size() == 1);
    q.put(inner);  // behind what the victim may have sent ahead
    REQUIRE(q.get().get() == 7);
    return as_outcome(put);
  });
}

TEST_CASE("a get with handles killed at any instruction has taken its item with all of them, or none",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "get of a queue"}, [](victim& victim) {
    queue<queue<int>> q;
    q.on_lost([](const lost_items&) {});
    std::vector<queue<int>> inner(3);
    for (int i = 0; i < 3; ++i) {
      inner[static_cast<std::size_t>(i)].put(i);
      q.put(inner[static_cast<std::size_t>(i)]);
    }
    victim.run(
        [](marks marks, queue<queue<int>> in) {
          (void)in.get();
          marks.around([&] { (void)in.get(); });
        },
        q);
    const bool taken = q.size() == 1;
    if (!taken) REQUIRE(q.get().get() == 1);
    REQUIRE(q.get().get() == 2);
    REQUIRE(q.empty());
    return as_outcome(taken);
  });
}
