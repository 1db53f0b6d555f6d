// Every call that takes a duration takes one of any type and value.
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/run.hpp"
#include "troupe/troupe.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <latch>
#include <limits>
#include <mutex>
#include <ratio>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using std::chrono::duration;
using tiny = duration<std::int8_t, std::micro>;

template <class F>
void for_each_short(F f) {
  f(0s);
  f(-1h);
  f(std::chrono::hours::min());
  f(std::chrono::nanoseconds::min());
  f(tiny::min());
  f(tiny{1});
  f(std::chrono::duration<int, std::pico>{1});
  f(duration<double>{std::numeric_limits<double>::quiet_NaN()});
  f(duration<float, std::milli>{-std::numeric_limits<float>::infinity()});
}

template <class F>
void for_each_endless(F f) {
  f(std::chrono::hours::max());
  f(std::chrono::nanoseconds::max());
  f(std::chrono::years::max());
  f(duration<std::uint64_t>::max());
  f(duration<double>{std::numeric_limits<double>::infinity()});
  f(duration<long double, std::exa>{1});
  f(duration<double>::max());
}

/// `call(limit)` gives up for every short limit, as nothing is ready; for every endless one it goes on until
/// `make_ready` is called in another thread.
template <class Call, class MakeReady>
void takes_any_duration(const char* name, Call call, MakeReady make_ready) {
  INFO(name);
  for_each_short([&](auto limit) { CHECK_FALSE(call(limit)); });
  for_each_endless([&](auto limit) {
    std::latch waits{1};
    std::thread other{[&] {
      waits.wait();
      make_ready();
    }};
    waits.count_down();
    const bool ready = call(limit);
    other.join();
    CHECK(ready);
  });
}

struct question {
  using reply = int;
};
struct door_api : protocol<question> {};

/// Answers once the gate is open.
class door final : public actor<door_api> {
 public:
  int on(const question&) {
    gate.wait(false);
    return 1;
  }
  static inline std::atomic<bool> gate{false};
};

/// A process that ends when it is told to, or the other end of the pipe is gone.
class obedient {
 public:
  obedient() : obedient{pipe()} {}
  void end() { ours_.send(1); }
  process child;

 private:
  explicit obedient(std::pair<connection, connection> ends)
      : child{[](connection c) { (void)c.recv<int>(); }, std::move(ends.second)}
      , ours_{std::move(ends.first)} {
    child.start();
  }
  connection ours_;
};

}  // namespace

TEST_CASE("waiting for processes takes any duration") {
  for_each_short([](auto limit) {
    obedient one;
    CHECK_FALSE(one.child.try_join_for(limit));
    CHECK_FALSE(active_children().at(0).try_join_for(limit));
    one.end();
    one.child.join();
  });
  for_each_endless([](auto limit) {
    obedient first;
    obedient second;
    std::thread other{[&] { first.end(); }};
    CHECK(first.child.try_join_for(limit));
    other.join();
    const auto seen = active_children().at(0);
    other = std::thread{[&] { second.end(); }};
    CHECK(seen.try_join_for(limit));
    other.join();
  });
}

TEST_CASE("waiting for nodes and answers takes any duration") {
  auto& here = this_system();
  for_each_short([&](auto limit) {
    auto home = here.start_node();
    CHECK_FALSE(home.try_join_for(limit));
  });
  for_each_endless([&](auto limit) {
    auto home = here.start_node();
    std::thread other{[pid = home.pid()] { ::kill(pid, SIGTERM); }};
    CHECK(home.try_join_for(limit));
    other.join();
  });

  for_each_short([&](auto limit) {
    door::gate = false;
    const auto actor = here.spawn<door>();
    CHECK(error_of([&] { (void)actor.ask(question{}, limit).get(); }) == errc::timeout);
    auto late = actor.ask(question{});
    CHECK_FALSE(late.try_get_for(limit));
    door::gate = true;
    door::gate.notify_all();
    CHECK(late.get() == 1);
  });
  for_each_endless([&](auto limit) {
    door::gate = false;
    const auto actor = here.spawn<door>();
    auto limited = actor.ask(question{}, limit);
    auto second = actor.ask(question{});
    std::thread other{[&] {
      door::gate = true;
      door::gate.notify_all();
    }};
    CHECK(second.try_get_for(limit) == 1);
    CHECK(limited.get() == 1);
    other.join();
  });
}

TEST_CASE("waiting at queues takes any duration") {
  queue<int> q{1};
  takes_any_duration("try_get_for", [&](auto limit) { return q.try_get_for(limit).has_value(); }, [&] { q.put(1); });
  takes_any_duration(
      "try_get_many_for", [&](auto limit) { return !q.try_get_many_for(2, limit).empty(); }, [&] { q.put(1); });
  takes_any_duration(
      "try_wait_for", [&](auto limit) { return !try_wait_for({q}, limit).empty() && q.try_get().has_value(); },
      [&] { q.put(1); });
  const std::vector<waitable> objects{q};
  takes_any_duration(
      "try_wait_for of a span",
      [&](auto limit) { return !try_wait_for(std::span{objects}, limit).empty() && q.try_get().has_value(); },
      [&] { q.put(1); });
  q.put(1);
  takes_any_duration("try_put_for", [&](auto limit) { return q.try_put_for(2, limit); }, [&] { (void)q.get(); });
  takes_any_duration(
      "try_put_many_for", [&](auto limit) { return q.try_put_many_for(std::vector{2}, limit) == 1; },
      [&] { (void)q.get(); });

  queue<int> leases{queue_options{.leases = true}};
  takes_any_duration(
      "try_lease_for",
      [&](auto limit) {
        auto held = leases.try_lease_for(limit);
        if (held) held->done();
        return held.has_value();
      },
      [&] { leases.put(1); });

  joinable_queue<int> tasks{1};
  takes_any_duration(
      "joinable_queue::try_get_for",
      [&](auto limit) {
        const bool got = tasks.try_get_for(limit).has_value();
        if (got) tasks.task_done();
        return got;
      },
      [&] { tasks.put(1); });
  tasks.put(1);
  takes_any_duration(
      "joinable_queue::try_put_for", [&](auto limit) { return tasks.try_put_for(2, limit); },
      [&] {
        (void)tasks.get();
        tasks.task_done();
      });
  takes_any_duration(
      "joinable_queue::try_join_for",
      [&](auto limit) {
        const bool joined = tasks.try_join_for(limit);
        if (joined) tasks.put(1);
        return joined;
      },
      [&] {
        (void)tasks.get();
        tasks.task_done();
      });
}

TEST_CASE("waiting at pipes takes any duration") {
  auto [here, there] = pipe();
  takes_any_duration(
      "try_recv_for", [&](auto limit) { return here.try_recv_for<int>(limit).has_value(); }, [&] { there.send(1); });
  takes_any_duration(
      "poll", [&](auto limit) { return here.poll(limit) && here.try_recv<int>().has_value(); }, [&] { there.send(1); });
  const std::string large(60'000, 'x');
  const auto fill = [&] {
    while (here.try_send(large)) {
    }
  };
  fill();
  takes_any_duration(
      "try_send_for",
      [&](auto limit) {
        const bool sent = here.try_send_for(large, limit);
        if (sent) fill();
        return sent;
      },
      [&] {  // room comes when a quarter was received
        for (int i = 0; i < 2; ++i) (void)there.recv<std::string>();
      });
}

TEST_CASE("waiting for the lock of shared data takes any duration and any point in time") {
  value<int> v;
  /// `call` runs while another thread holds the lock, which lets go of it if that is needed for the call to end.
  const auto while_held = [&](bool until_free, auto call) {
    std::latch held{1};
    std::latch called{1};
    std::thread holder{[&] {
      const std::scoped_lock guard{v};
      held.count_down();
      called.wait();
    }};
    held.wait();
    if (until_free) called.count_down();
    const bool locked = call();
    if (locked) v.unlock();
    if (!until_free) called.count_down();
    holder.join();
    CHECK(locked == until_free);
  };
  for_each_short([&](auto limit) { while_held(false, [&] { return v.try_lock_for(limit); }); });
  for_each_endless([&](auto limit) { while_held(true, [&] { return v.try_lock_for(limit); }); });
  const auto all_points = [&](auto clock) {
    using clock_type = decltype(clock);
    while_held(false, [&] { return v.try_lock_until(clock_type::time_point::min()); });
    while_held(false, [&] { return v.try_lock_until(clock_type::now()); });
    while_held(true, [&] { return v.try_lock_until(clock_type::time_point::max()); });
    using hours = std::chrono::time_point<clock_type, std::chrono::hours>;
    while_held(false, [&] { return v.try_lock_until(hours::min()); });
    while_held(true, [&] { return v.try_lock_until(hours::max()); });
  };
  all_points(std::chrono::steady_clock{});
  all_points(std::chrono::system_clock{});
}

TEST_CASE("opening named memory takes any duration") {
  const std::string name = "test-durations-" + std::to_string(::getpid());
  for_each_short([&](auto limit) {
    CHECK(error_of([&] { (void)shared_memory::try_open_for(name, limit); }) == errc::no_such_name);
  });
  const auto memory = shared_memory::create(name, 1);
  for_each_endless([&](auto limit) { CHECK(shared_memory::try_open_for(name, limit).has_value()); });
}

TEST_CASE("options that are durations take any") {
  for_each_endless([](auto limit) {
    CHECK(system_options{.inbox_wait = limit}.inbox_wait == time_span::max());
    const std::vector<int> numbers{1, 2, 3};
    int reports = 0;
    const auto result =
        from("numbers", numbers)
            .then("double", [](int i) { return 2 * i; })
            .fold(
                "sum", [](int& sum, int i) { sum += i; }, 0)
            .run(this_system(), {.interval = limit, .on_progress = [&](const progress&) { ++reports; }});
    CHECK(result.value == 12);
    CHECK(reports == 0);
  });
}
