#include "troupe/runtime/engine.hpp"

#include "support/catch.hpp"
#include "troupe/base/error.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <vector>

using namespace troupe::runtime;

// In all tests the engine is declared after what its actors use: it ends them when it goes.
namespace {

// A behaviour made of functions.
struct scripted final : behaviour {
  using handler = std::function<verdict(const cell& self, envelope&)>;
  explicit scripted(handler on_message, std::function<void()> on_end = {})
      : on_message_{std::move(on_message)}
      , on_end_{std::move(on_end)} {}

  verdict started(const cell& self) noexcept override {
    self_id_ = self.id();
    return verdict::go_on;
  }
  verdict receive(envelope& message) noexcept override { return on_message_(cell{}, message); }
  void stopped() noexcept override {
    if (on_end_) on_end_();
  }

  handler on_message_;
  std::function<void()> on_end_;
  std::uint64_t self_id_ = 0;
};

envelope number(int value) {
  envelope result;
  result.content = body::of(value);
  return result;
}

envelope stop() {
  envelope result;
  result.what = kind::stop;
  return result;
}

cell spawn(engine& home, scripted::handler handler, std::size_t capacity = 1000, std::function<void()> on_end = {}) {
  return home.spawn(std::make_unique<scripted>(std::move(handler), std::move(on_end)), capacity);
}

struct recording_asker final : asker {
  std::promise<std::optional<failure>> outcome;
  bool wants_bytes() const noexcept override { return false; }
  void succeed(body) noexcept override { outcome.set_value(std::nullopt); }
  void fail(failure why) noexcept override { outcome.set_value(std::move(why)); }
};

}  // namespace

TEST_CASE("an actor handles its messages in the order they were posted", "[runtime]") {
  std::vector<int> seen;
  std::promise<void> done;
  engine home{2};
  const cell actor = spawn(home, [&](const cell&, envelope& message) {
    seen.push_back(message.content.as<int>());
    if (seen.size() == 100) done.set_value();
    return verdict::go_on;
  });
  for (int i = 0; i < 100; ++i) REQUIRE(actor.post(number(i)) == posted::yes);
  done.get_future().get();
  for (int i = 0; i < 100; ++i) CHECK(seen[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("ids count from one and find the running actor", "[runtime]") {
  engine home{1};
  const cell first = spawn(home, [](const cell&, envelope&) { return verdict::go_on; });
  const cell second = spawn(home, [](const cell&, envelope&) { return verdict::go_on; });
  CHECK(first.id() == 1);
  CHECK(second.id() == 2);
  CHECK(home.find(2).id() == 2);
  CHECK_FALSE(home.find(3));
  CHECK(home.actors() == 2);
}

TEST_CASE("a full mailbox refuses a message and leaves it with the poster", "[runtime]") {
  std::promise<void> entered;
  std::promise<void> go_on;
  std::atomic<int> handled{0};
  std::promise<void> all;
  engine home{1};
  const cell actor = spawn(
      home,
      [&](const cell&, envelope&) {
        if (handled == 0) {
          entered.set_value();
          go_on.get_future().wait();
        }
        if (++handled == 4) all.set_value();
        return verdict::go_on;
      },
      3);
  REQUIRE(actor.post(number(0)) == posted::yes);
  entered.get_future().get();
  for (int i = 1; i <= 3; ++i) REQUIRE(actor.post(number(i)) == posted::yes);
  envelope refused = number(42);
  CHECK(actor.post(std::move(refused)) == posted::full);
  CHECK(refused.content.as<int>() == 42);
  go_on.set_value();
  all.get_future().get();
  CHECK(actor.post(number(5)) == posted::yes);
}

TEST_CASE("a stop passes a full mailbox and overtakes what waits", "[runtime]") {
  std::promise<void> entered;
  std::promise<void> go_on;
  std::promise<void> ended;
  engine home{1};
  int handled = 0;
  const cell actor = spawn(
      home,
      [&](const cell&, envelope&) {
        if (handled++ == 0) {
          entered.set_value();
          go_on.get_future().wait();
        }
        return verdict::go_on;
      },
      1, [&] { ended.set_value(); });
  REQUIRE(actor.post(number(0)) == posted::yes);
  entered.get_future().get();
  REQUIRE(actor.post(number(1)) == posted::yes);
  REQUIRE(actor.post(number(2)) == posted::full);
  CHECK(actor.post(stop()) == posted::yes);
  go_on.set_value();
  ended.get_future().get();
  CHECK(handled == 1);
}

TEST_CASE("a stopped actor is not found any more and takes no message", "[runtime]") {
  std::promise<bool> found;
  std::uint64_t id = 0;
  engine home{1};
  const cell actor = spawn(
      home, [](const cell&, envelope&) { return verdict::stop; }, 10,
      [&] { found.set_value(static_cast<bool>(home.find(id))); });
  id = actor.id();
  REQUIRE(actor.post(number(0)) == posted::yes);
  CHECK_FALSE(found.get_future().get());
  CHECK(actor.post(number(1)) == posted::gone);
  CHECK(home.actors() == 0);
}

TEST_CASE("an ask that is dropped with its actor's mailbox fails", "[runtime]") {
  std::promise<void> entered;
  std::promise<void> go_on;
  engine home{1};
  const cell actor = spawn(home, [&](const cell&, envelope&) {
    entered.set_value();
    go_on.get_future().wait();
    return verdict::stop;
  });
  REQUIRE(actor.post(number(0)) == posted::yes);
  entered.get_future().get();
  const auto waiting = std::make_shared<recording_asker>();
  envelope question = number(1);
  question.what = kind::ask;
  question.reply = reply_duty{waiting};
  REQUIRE(actor.post(std::move(question)) == posted::yes);
  go_on.set_value();
  const auto outcome = waiting->outcome.get_future().get();
  REQUIRE(outcome);
  CHECK(outcome->code == troupe::errc::actor_gone);
}

TEST_CASE("an actor that always has mail does not keep others from running", "[runtime]") {
  cell busy;
  std::promise<void> bystander_ran;
  std::promise<cell> handle;
  engine home{1};
  auto own = handle.get_future().share();
  busy = spawn(home, [own](const cell&, envelope&) {
    static_cast<void>(own.get().post(number(0)));
    return verdict::go_on;
  });
  handle.set_value(busy);
  REQUIRE(busy.post(number(0)) == posted::yes);
  const cell bystander = spawn(home, [&](const cell&, envelope&) {
    bystander_ran.set_value();
    return verdict::go_on;
  });
  REQUIRE(bystander.post(number(0)) == posted::yes);
  bystander_ran.get_future().get();
  home.shut_down();
}

TEST_CASE("shut-down ends every actor and later spawns are refused", "[runtime]") {
  std::atomic<int> ended{0};
  engine home{2};
  std::vector<cell> actors;
  for (int i = 0; i < 50; ++i)
    actors.push_back(spawn(home, [](const cell&, envelope&) { return verdict::go_on; }, 10, [&] { ++ended; }));
  home.shut_down();
  CHECK(ended == 50);
  CHECK(home.actors() == 0);
  for (const cell& actor : actors) CHECK(actor.post(number(1)) == posted::gone);
  CHECK_THROWS_AS(spawn(home, [](const cell&, envelope&) { return verdict::go_on; }), troupe::error);
  home.shut_down();
}

TEST_CASE("handles may outlive the engine", "[runtime]") {
  cell survivor;
  {
    engine home{1};
    survivor = spawn(home, [](const cell&, envelope&) { return verdict::go_on; });
  }
  const cell copy = survivor;
  CHECK(copy.post(number(1)) == posted::gone);
}

TEST_CASE("actors may start actors, and end while others start", "[runtime]") {
  std::promise<void> all;
  std::atomic<int> ended{0};
  engine home{2};
  const cell parent = spawn(home, [&](const cell&, envelope&) {
    for (int i = 0; i < 100; ++i) {
      const cell child = spawn(
          home, [](const cell&, envelope&) { return verdict::stop; }, 1,
          [&] {
            if (++ended == 300) all.set_value();
          });
      static_cast<void>(child.post(number(i)));
    }
    return verdict::go_on;
  });
  for (int i = 0; i < 3; ++i) REQUIRE(parent.post(number(i)) == posted::yes);
  all.get_future().get();
}

TEST_CASE("the wait that would block the last thread of an engine is refused", "[runtime]") {
  std::promise<void> first_waits;
  std::promise<void> release;
  std::promise<troupe::errc> refused;
  engine home{2};
  const cell first = spawn(home, [&](const cell&, envelope&) {
    const blocking_wait wait;
    first_waits.set_value();
    release.get_future().wait();
    return verdict::go_on;
  });
  const cell second = spawn(home, [&](const cell&, envelope&) {
    try {
      const blocking_wait wait;
    } catch (const troupe::error& e) {
      refused.set_value(static_cast<troupe::errc>(e.code().value()));
    }
    return verdict::go_on;
  });
  REQUIRE(first.post(number(0)) == posted::yes);
  first_waits.get_future().get();
  REQUIRE(second.post(number(0)) == posted::yes);
  CHECK(refused.get_future().get() == troupe::errc::invalid_argument);
  release.set_value();
  const blocking_wait outside_of_an_engine;
}

TEST_CASE("many threads posting to one actor lose nothing", "[runtime]") {
  constexpr int each = 2000;
  int sum = 0;  // unguarded on purpose: only the actor's turns touch it
  int seen = 0;
  std::promise<void> done;
  engine home{2};
  const cell actor = spawn(
      home,
      [&](const cell&, envelope& message) {
        sum += message.content.as<int>();
        if (++seen == 4 * each) done.set_value();
        return verdict::go_on;
      },
      100);
  std::vector<std::thread> posters;
  for (int p = 0; p < 4; ++p)
    posters.emplace_back([&] {
      for (int i = 0; i < each; ++i)
        while (actor.post(number(1)) == posted::full) std::this_thread::yield();
    });
  for (auto& poster : posters) poster.join();
  done.get_future().get();
  CHECK(sum == 4 * each);
}
