#include "support/accounts.hpp"
#include "support/catch.hpp"
#include "troupe/process/process.hpp"
#include "troupe/transport/queue.hpp"

#include <csignal>
#include <unistd.h>
#include <vector>

using namespace bank;
using namespace std::chrono_literals;
using troupe::errc;
using troupe::this_system;
using troupe::test::contains;
using troupe::test::later;

namespace {

// Tells where it lives, and passes things on.
struct where {
  using reply = int;
};
struct pass_on {
  using reply = long;
  troupe::ref<account_api> to;
  long amount = 0;
};
struct spend_time {};
struct clerk_api : troupe::protocol<where, pass_on, spend_time, shut> {};

class clerk : public troupe::actor<clerk_api> {
 public:
  int on(const where&) { return ::getpid(); }
  long on(const pass_on& m) {
    m.to.tell(deposit{m.amount});
    return m.to.ask(balance{}).get();
  }
  void on(const spend_time&) { ::pause(); }  // until a signal ends the process
  void on(const shut&) { stop(); }
};

}  // namespace

TEST_CASE("an actor in a node is told things and answers questions in order", "[node]") {
  auto node = this_system().start_node({.name = "bank"});
  const auto account = node.spawn<bank::account>(100L);
  account.tell(deposit{5});
  account.tell(deposit{-2});
  CHECK(account.ask(balance{}).get() == 103);
  CHECK(account.ask(balance{}).try_get_for(1min) == 103);
  account.ask(deposit{1}).get();
}

TEST_CASE("a node is a process of its own that stops when asked to", "[node]") {
  auto node = this_system().start_node({.name = "bank"});
  const auto clerk = node.spawn<::clerk>();
  CHECK(clerk.ask(where{}).get() == node.pid());
  CHECK(node.pid() != ::getpid());
  CHECK(node.name() == "bank");
  CHECK(node.is_alive());
  CHECK_FALSE(node.exit_code());
  node.stop();
  node.join();
  CHECK_FALSE(node.is_alive());
  CHECK(node.exit_code() == 0);
  CHECK(code_of([&] { (void)node.spawn<::clerk>(); }) == errc::process_died);
}

TEST_CASE("an exception in a node reaches the asker with its type, text and origin", "[node]") {
  auto node = this_system().start_node({.name = "bank"});
  const auto account = node.spawn<bank::account>();
  try {
    account.ask(fail{"no more ink"}).get();
    FAIL("nothing was thrown");
  } catch (const troupe::remote_error& e) {
    CHECK(e.type() == "std::runtime_error");
    CHECK(e.text() == "no more ink");
    CHECK_THAT(e.origin(), contains("bank::account") && contains("process bank"));
  }
  CHECK(account.ask(balance{}).get() == 0);
}

TEST_CASE("a constructor's exception in a node comes out of spawn", "[node]") {
  const auto node = this_system().start_node();
  try {
    (void)node.spawn<bank::account>(-1L);
    FAIL("nothing was thrown");
  } catch (const troupe::remote_error& e) {
    CHECK(e.type() == "std::invalid_argument");
  }
}

TEST_CASE("refs travel in messages, and nodes talk with each other and with us", "[node]") {
  const auto first = this_system().start_node({.name = "first"});
  const auto second = this_system().start_node({.name = "second"});
  const auto clerk = first.spawn<::clerk>();
  CHECK(clerk.ask(pass_on{second.spawn<bank::account>(10L), 1}).get() == 11);
  CHECK(clerk.ask(pass_on{this_system().spawn<bank::account>(20L), 2}).get() == 22);
}

namespace {

void visitor(troupe::ref<account_api> account, troupe::queue<long> out) {
  account.tell(deposit{1});
  out.put(account.ask(balance{}).get());
}

}  // namespace

TEST_CASE("a ref can be an argument of a process, which uses it without being a node", "[node]") {
  const auto account = this_system().spawn<bank::account>(5L);
  troupe::queue<long> out;
  troupe::process process{&visitor, account, out};
  process.start();
  CHECK(out.get() == 6);
  process.join();
  CHECK(process.exit_code() == 0);
}

namespace {

void host_for_a_while(troupe::queue<troupe::ref<account_api>> out, troupe::queue<bool> end) {
  out.put(this_system().spawn<bank::account>(7L));
  static_cast<void>(end.get());
}

}  // namespace

TEST_CASE("a plain process may host actors, which end with its function", "[node]") {
  troupe::queue<troupe::ref<account_api>> out;
  troupe::queue<bool> end;
  troupe::process process{&host_for_a_while, out, end};
  process.start();
  const auto account = out.get();
  CHECK(account.ask(balance{}).get() == 7);
  later<troupe::down> news;
  this_system().spawn<bank::watcher>(news).ask(watch_account{account}).get();
  CHECK(account.ask(balance{}).get() == 7);  // it came after the watch
  end.put(true);
  CHECK(news.get().reason == errc::actor_gone);
  process.join();
  CHECK(process.exit_code() == 0);
}

namespace {

class survivor : public troupe::actor<watcher_api> {
 public:
  explicit survivor(troupe::queue<bool> heard) : heard_{std::move(heard)} {}
  void on(const watch_account& m) { watch(m.whom); }
  void on(const troupe::down&) { heard_.put(true); }

 private:
  troupe::queue<bool> heard_;
};

void end_with_many_watches(troupe::queue<bool> heard) {
  for (int i = 0; i < 50; ++i)
    this_system().spawn<survivor>(heard).ask(watch_account{this_system().spawn<bank::account>()}).get();
}

}  // namespace

TEST_CASE("actors that end together with their process do not hear of each other", "[node]") {
  troupe::queue<bool> heard;
  troupe::process process{&end_with_many_watches, heard};
  process.start();
  process.join();
  CHECK(process.exit_code() == 0);
  CHECK(heard.empty());
}

TEST_CASE("an actor that stopped in a node is gone, and who asks is told so", "[node]") {
  const auto node = this_system().start_node();
  const auto account = node.spawn<bank::account>();
  account.tell(shut{});
  CHECK(code_of([&] { account.ask(balance{}).get(); }) == errc::actor_gone);
}

TEST_CASE("a watcher hears when an actor in a node stops or throws", "[node]") {
  const auto node = this_system().start_node({.name = "bank"});
  later<troupe::down> first_news;
  later<troupe::down> second_news;
  const auto first = node.spawn<bank::account>();
  const auto second = node.spawn<bank::account>();
  this_system().spawn<bank::watcher>(first_news).ask(watch_account{first}).get();
  this_system().spawn<bank::watcher>(second_news).ask(watch_account{second}).get();
  first.tell(shut{});
  second.tell(fail{"burnt"});
  const auto stopped = first_news.get();
  CHECK(stopped.who == first.address());
  CHECK(stopped.reason == errc::actor_gone);
  const auto threw = second_news.get();
  CHECK(threw.who == second.address());
  CHECK(threw.reason == errc::remote_exception);
  CHECK_THAT(threw.text, contains("burnt") && contains("process bank"));
  later<troupe::down> late_news;
  this_system().spawn<bank::watcher>(late_news).tell(watch_account{first});
  CHECK(late_news.get().who == first.address());
}

TEST_CASE("the death of a node fails what waits for it, names it, and tells the watchers", "[node]") {
  auto node = this_system().start_node({.name = "doomed"});
  const auto clerk = node.spawn<::clerk>();
  const auto account = node.spawn<bank::account>();
  later<troupe::down> news;
  this_system().spawn<bank::watcher>(news).ask(watch_account{account}).get();
  auto busy = clerk.ask(spend_time{});
  auto behind = clerk.ask(where{});
  node.kill();
  CHECK_THROWS_WITH(busy.get(), contains("process doomed") && contains("SIGKILL"));
  CHECK(code_of([&] { behind.get(); }) == errc::process_died);
  const auto down = news.get();
  CHECK(down.who == account.address());
  CHECK(down.reason == errc::process_died);
  CHECK_THAT(down.text, contains("process doomed"));
  node.join();
  CHECK(node.exit_code() == -SIGKILL);
  CHECK(code_of([&] { account.tell(deposit{1}); }) == errc::process_died);
  CHECK(code_of([&] { (void)account.try_tell(deposit{1}); }) == errc::process_died);
  CHECK(code_of([&] { account.ask(balance{}).get(); }) == errc::process_died);
  later<troupe::down> late_news;
  this_system().spawn<bank::watcher>(late_news).tell(watch_account{account});
  CHECK(late_news.get().reason == errc::process_died);
}

TEST_CASE("a node that is killed before it is ready does not hang its parent", "[node]") {
  for (int i = 0; i < 5; ++i) {
    auto node = this_system().start_node();
    node.kill();
    CHECK(code_of([&] { (void)node.spawn<bank::account>(); }) == errc::process_died);
  }
}

TEST_CASE("many asks to a node may be under way at once", "[node]") {
  const auto node = this_system().start_node();
  const auto account = node.spawn<bank::account>();
  std::vector<troupe::answer<void>> answers;
  for (int i = 0; i < 2000; ++i) answers.push_back(account.ask(deposit{1}));
  for (auto& answer : answers) answer.get();
  CHECK(account.ask(balance{}).get() == 2000);
}

TEST_CASE("a full mailbox in a node refuses an ask", "[node]") {
  auto node = this_system().start_node({.mailbox = 3});
  const auto clerk = node.spawn<::clerk>();
  clerk.tell(spend_time{});
  std::vector<troupe::answer<int>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(clerk.ask(where{}));
  CHECK(code_of([&] { answers.back().get(); }) == errc::mailbox_full);
  node.kill();
  CHECK(code_of([&] { answers.front().get(); }) == errc::process_died);
}

TEST_CASE("nodes can be moved, and several run at once", "[node]") {
  std::vector<troupe::node> nodes;
  for (int i = 0; i < 4; ++i) nodes.push_back(this_system().start_node({.threads = 2}));
  std::vector<troupe::ref<account_api>> accounts;
  for (const auto& node : nodes) accounts.push_back(node.spawn<bank::account>(1L));
  long sum = 0;
  for (const auto& account : accounts) sum += account.ask(balance{}).get();
  CHECK(sum == 4);
  nodes.front() = std::move(nodes.back());
  nodes.pop_back();
  CHECK(code_of([&] { accounts.front().ask(balance{}).get(); }) == errc::process_died);
  CHECK(accounts.back().ask(balance{}).get() == 1);
}
