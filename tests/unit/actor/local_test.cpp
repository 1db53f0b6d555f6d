#include "support/accounts.hpp"
#include "support/catch.hpp"

#include <functional>
#include <memory>
#include <thread>
#include <unordered_set>
#include <vector>

using namespace bank;
using namespace std::chrono_literals;
using troupe::errc;
using troupe::this_system;
using troupe::test::later;

TEST_CASE("an actor is told things and answers questions in order", "[actor]") {
  const auto account = this_system().spawn<bank::account>(100L);
  account.tell(deposit{5});
  account.tell(deposit{-2});
  CHECK(account.ask(balance{}).get() == 103);
}

TEST_CASE("an ask of a message without a reply says when it was handled", "[actor]") {
  const auto account = this_system().spawn<bank::account>();
  account.ask(deposit{7}).get();
  auto second = account.ask(deposit{1});
  CHECK(second.try_get_for(1min));
  CHECK(account.ask(balance{}).try_get_for(1min) == 8);
}

TEST_CASE("an answer that is not there yet is absent, not an error", "[actor]") {
  later<void> entered;
  later<void> open;
  const auto gate = this_system().spawn<bank::gate>(entered, open);
  gate.tell(wait{});
  entered.get();
  auto answer = gate.ask(deposit{1});
  CHECK_FALSE(answer.try_get());
  CHECK_FALSE(answer.try_get_for(1ms));
  open.set();
  answer.get();
  CHECK(code_of([&] { answer.get(); }) == errc::invalid_argument);
}

TEST_CASE("an ask past its limit throws, naming the actor, and its late answer goes nowhere", "[actor]") {
  later<void> entered;
  later<void> open;
  const auto gate = this_system().spawn<bank::gate>(entered, open);
  gate.tell(wait{});
  entered.get();
  auto answer = gate.ask(deposit{1}, 1ms);
  CHECK_THROWS_WITH(answer.get(), troupe::test::contains("actor " + std::to_string(gate.address().actor))
                                      && troupe::test::contains("limit"));
  open.set();
  gate.ask(deposit{1}).get();
}

TEST_CASE("an exception in the handler of an ask reaches the asker and the actor lives on", "[actor]") {
  const auto account = this_system().spawn<bank::account>(1L);
  try {
    account.ask(fail{"no more ink"}).get();
    FAIL("nothing was thrown");
  } catch (const troupe::remote_error& e) {
    CHECK(e.type() == "std::runtime_error");
    CHECK(e.text() == "no more ink");
    CHECK_THAT(e.origin(), troupe::test::contains("bank::account"));
    CHECK_THAT(e.origin(), troupe::test::contains("process main"));
  }
  CHECK(account.ask(balance{}).get() == 1);
}

TEST_CASE("an exception in the handler of a tell stops the actor", "[actor]") {
  later<troupe::down> news;
  const auto account = this_system().spawn<bank::account>();
  const auto watcher = this_system().spawn<bank::watcher>(news);
  watcher.ask(watch_account{account}).get();
  account.tell(fail{"broken"});
  const auto down = news.get();
  CHECK(down.who == account.address());
  CHECK(down.reason == errc::remote_exception);
  CHECK_THAT(down.text, troupe::test::contains("std::runtime_error: broken"));
  CHECK(code_of([&] { account.tell(deposit{1}); }) == errc::actor_gone);
  CHECK(code_of([&] { account.ask(balance{}).get(); }) == errc::actor_gone);
}

TEST_CASE("a watcher hears when an actor stops", "[actor]") {
  later<troupe::down> news;
  const auto account = this_system().spawn<bank::account>();
  const auto watcher = this_system().spawn<bank::watcher>(news);
  watcher.ask(watch_account{account}).get();
  watcher.ask(watch_account{account}).get();  // once is enough: a second `down` would break the promise
  account.tell(shut{});
  const auto down = news.get();
  CHECK(down.who == account.address());
  CHECK(down.reason == errc::actor_gone);
}

TEST_CASE("watching an actor that has stopped is answered at once", "[actor]") {
  const auto account = this_system().spawn<bank::account>();
  account.ask(shut{}).get();
  try {
    account.ask(balance{}).get();
  } catch (const troupe::error&) {
  }
  later<troupe::down> news;
  const auto watcher = this_system().spawn<bank::watcher>(news);
  watcher.tell(watch_account{account});
  CHECK(news.get().who == account.address());
}

namespace {

struct blind_api : troupe::protocol<watch_account> {};
class blind : public troupe::actor<blind_api> {
 public:
  void on(const watch_account& m) { watch(m.whom); }
};

}  // namespace

TEST_CASE("an actor without a handler for it cannot watch", "[actor]") {
  const auto account = this_system().spawn<bank::account>();
  const auto actor = this_system().spawn<blind>();
  CHECK_THROWS_WITH(actor.ask(watch_account{account}).get(), troupe::test::contains("on(const troupe::down&)"));
}

TEST_CASE("an ask that waits behind a stop fails", "[actor]") {
  later<void> entered;
  later<void> open;
  const auto account = this_system().spawn<bank::account>();
  account.tell(shut{});
  std::vector<troupe::answer<long>> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(account.ask(balance{}));
  for (auto& answer : answers) CHECK(code_of([&] { answer.get(); }) == errc::actor_gone);
}

namespace {

struct fan_api : troupe::protocol<deposit> {};

// Holds up its own mailbox until the test has seen it full.
class slow : public troupe::actor<fan_api> {
 public:
  slow(later<void> entered, later<void> open) : entered_{std::move(entered)}, open_{std::move(open)} {}
  void on(const deposit&) {
    if (!first_) return;
    first_ = false;
    entered_.set();
    open_.get();
  }

 private:
  later<void> entered_;
  later<void> open_;
  bool first_ = true;
};

}  // namespace

TEST_CASE("a full mailbox refuses tells and asks, and goes on when there is room", "[actor]") {
  later<void> entered;
  later<void> open;
  const auto actor = this_system().spawn<slow>(entered, open);
  actor.tell(deposit{});
  entered.get();
  long accepted = 0;
  while (actor.try_tell(deposit{})) ++accepted;
  CHECK(accepted == static_cast<long>(troupe::system_options{}.mailbox));
  CHECK(code_of([&] { actor.tell(deposit{}); }) == errc::mailbox_full);
  CHECK(code_of([&] { actor.ask(deposit{}).get(); }) == errc::mailbox_full);
  open.set();
  while (!actor.try_tell(deposit{})) std::this_thread::yield();
}

TEST_CASE("an empty ref is an error that says so", "[actor]") {
  const troupe::ref<account_api> nobody;
  CHECK_FALSE(nobody);
  CHECK(code_of([&] { nobody.tell(deposit{1}); }) == errc::invalid_argument);
}

TEST_CASE("refs are values: equal, ordered, and keys", "[actor]") {
  const auto first = this_system().spawn<bank::account>();
  const auto second = this_system().spawn<bank::account>();
  const auto copy = first;
  CHECK(copy == first);
  CHECK(first != second);
  CHECK(first < second);
  const std::unordered_set<troupe::ref<account_api>> both{first, second, copy};
  CHECK(both.size() == 2);
}

namespace {

struct start {};
struct hop {
  int left = 0;
  troupe::ref<struct hopper_api> back;
};
struct hopper_api : troupe::protocol<start, hop> {};

// Plays ball with the next one, which gives it back; the one that began counts.
class hopper : public troupe::actor<hopper_api> {
 public:
  hopper() = default;
  hopper(troupe::ref<hopper_api> next, later<void> done) : next_{next}, done_{std::move(done)} {}
  void on(const start&) { next_.tell(hop{1000, self()}); }
  void on(const hop& m) {
    if (!next_)
      m.back.tell(hop{m.left - 1, self()});
    else if (m.left > 0)
      m.back.tell(hop{m.left, self()});
    else
      done_.set();
  }

 private:
  troupe::ref<hopper_api> next_;
  later<void> done_;
};

}  // namespace

TEST_CASE("actors know themselves and pass refs in messages", "[actor]") {
  later<void> done;
  const auto other = this_system().spawn<hopper>();
  this_system().spawn<hopper>(other, done).tell(start{});
  done.get();
}

namespace {

struct life {
  std::vector<std::string> events;
  later<void> destroyed;
};
class living : public troupe::actor<account_api> {
 public:
  explicit living(life& story) : story_{story} {}
  ~living() override { story_.destroyed.set(); }
  void started() override { story_.events.push_back("started"); }
  void stopped() override { story_.events.push_back("stopped"); }
  void on(const deposit&) { story_.events.push_back("deposit"); }
  long on(const balance&) { return 0; }
  void on(const fail&) {}
  void on(const shut&) { stop(); }

 private:
  life& story_;
};

}  // namespace

TEST_CASE("an actor is told when it starts and stops, and destroyed after that", "[actor]") {
  life story;
  const auto actor = this_system().spawn<living>(story);
  actor.tell(deposit{});
  actor.tell(shut{});
  story.destroyed.get();
  CHECK(story.events == std::vector<std::string>{"started", "deposit", "stopped"});
}

TEST_CASE("a message may be told from a variable, which keeps its value", "[actor]") {
  const auto account = this_system().spawn<bank::account>();
  deposit lvalue{3};
  account.tell(lvalue);
  CHECK(lvalue.amount == 3);
  account.tell(std::as_const(lvalue));
  CHECK(account.ask(balance{}).get() == 6);
}

namespace {

struct question {
  using reply = long;
};
struct middle_api : troupe::protocol<question> {};
class middle : public troupe::actor<middle_api> {
 public:
  explicit middle(troupe::ref<middle_api> next) : next_{next} {}
  long on(const question&) { return next_ ? next_.ask(question{}).get() + 1 : 0; }

 private:
  troupe::ref<middle_api> next_;
};

}  // namespace

TEST_CASE("waiting for local answers on every thread is refused instead of hanging", "[actor]") {
  // A chain longer than there are threads: the last handler that could wait is told that nobody would be left.
  troupe::ref<middle_api> chain;
  for (unsigned i = 0; i < std::thread::hardware_concurrency() + 2; ++i) chain = this_system().spawn<middle>(chain);
  CHECK_THROWS_WITH(chain.ask(question{}).get(), troupe::test::contains("none is left to answer"));
}

TEST_CASE("a constructor's exception comes out of spawn", "[actor]") {
  CHECK_THROWS_AS(this_system().spawn<bank::account>(-1L), std::invalid_argument);
}

TEST_CASE("many threads ask one actor", "[actor]") {
  const auto account = this_system().spawn<bank::account>();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([account] {
      for (int i = 0; i < 500; ++i) account.ask(deposit{1}).get();
    });
  for (auto& thread : threads) thread.join();
  CHECK(account.ask(balance{}).get() == 2000);
}
