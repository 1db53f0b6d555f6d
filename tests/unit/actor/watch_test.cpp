#include "support/accounts.hpp"
#include "support/catch.hpp"
#include "troupe/process/process.hpp"

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <unistd.h>

using namespace bank;
using troupe::errc;
using troupe::this_system;
using troupe::test::contains;
using troupe::test::later;

namespace {

struct downs {
  using reply = int;
};
struct counter_api : troupe::protocol<watch_account, downs> {};

// Counts what it hears, and tells the test of the first.
class counter : public troupe::actor<counter_api> {
 public:
  explicit counter(later<troupe::down> first) : first_{std::move(first)} {}
  void on(const watch_account& m) { watch(m.whom); }
  int on(const downs&) { return count_; }
  void on(const troupe::down& news) {
    if (count_++ == 0) first_.set(news);
  }

 private:
  later<troupe::down> first_;
  int count_ = 0;
};

template <class Home>
void watch_many_times(Home& home) {
  for (const bool watched_before : {true, false}) {
    later<troupe::down> first;
    const auto watcher = this_system().spawn<counter>(first);
    const auto account = home.template spawn<bank::account>();
    const auto other = home.template spawn<bank::account>();
    const auto watch_twice = [&] {
      for (int i = 0; i < 2; ++i) watcher.ask(watch_account{account}).get();
    };
    if (watched_before) watch_twice();
    account.tell(shut{});
    CHECK(code_of([&] {
            for (;;) account.ask(balance{}).get();
          })
          == errc::actor_gone);
    watch_twice();
    CHECK(first.get().who == account.address());
    watch_twice();
    other.ask(balance{}).get();  // what its process had to say of the watches came before this answer
    CHECK(watcher.ask(downs{}).get() == 1);
  }
}

struct image_of_a_ref {
  troupe::actor_address address;
  std::uint64_t protocol = 0;
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & address & protocol;
  }
};

// A ref as it could come from anywhere.
troupe::ref<account_api> ref_of(troupe::actor_address address) {
  const auto bytes = troupe::wire::encode(image_of_a_ref{address, troupe::actors::fingerprint_of<account_api>()});
  return troupe::wire::decode<troupe::ref<account_api>>(bytes.span());
}

void wait_for_a_signal() { ::pause(); }

}  // namespace

TEST_CASE("watching again is the same watch, for an actor of this process", "[actor]") {
  watch_many_times(this_system());
}

TEST_CASE("watching again is the same watch, for an actor of a node", "[node]") {
  auto node = this_system().start_node();
  watch_many_times(node);
}

TEST_CASE("watching again is the same watch, when the process of the watched one has died", "[node]") {
  auto node = this_system().start_node();
  later<troupe::down> first;
  const auto watcher = this_system().spawn<counter>(first);
  const auto account = node.spawn<bank::account>();
  watcher.ask(watch_account{account}).get();
  node.kill();
  node.join();
  CHECK(first.get().reason == errc::process_died);
  for (int i = 0; i < 3; ++i) watcher.ask(watch_account{account}).get();
  CHECK(watcher.ask(downs{}).get() == 1);
}

TEST_CASE("a watch that fails says why, and not that a living process died", "[node]") {
  troupe::process idle{{.name = "idle"}, wait_for_a_signal};
  idle.start();
  later<troupe::down> first;
  const auto watcher = this_system().spawn<counter>(first);
  watcher.tell(watch_account{ref_of({idle.id(), 1})});
  const auto news = first.get();
  idle.kill();
  CHECK(news.reason == errc::no_system);
  CHECK_THAT(news.text, contains("process idle") && contains("hosts no actors"));
  idle.join();
}

namespace {

// An argument that cannot be read where it arrives.
struct poison {
  template <class Archive>
  void serialize(Archive&, unsigned) {
    if constexpr (Archive::is_loading::value) throw std::runtime_error{"not this one"};
  }
};
class poisoned : public bank::account {
 public:
  explicit poisoned(const poison&) {}
};

void check_origin(const std::function<void()>& spawn, const std::string& type) {
  try {
    spawn();
    FAIL("nothing was thrown");
  } catch (const troupe::remote_error& e) {
    CHECK_THAT(e.origin(), contains(type) && contains("process bank"));
    CHECK_THAT(e.what(), contains(type) && contains("process bank"));
    CHECK_FALSE(std::string{e.what()}.find("guardian") != std::string::npos);
  }
}

}  // namespace

TEST_CASE("what a constructor throws in a node names the class and the node", "[node]") {
  const auto node = this_system().start_node({.name = "bank"});
  check_origin([&] { node.spawn<bank::account>(-1L); }, "bank::account");
  CHECK(node.spawn<bank::account>(1L).ask(balance{}).get() == 1);
}

TEST_CASE("arguments that cannot be decoded in a node are told with the class and the node", "[node]") {
  const auto node = this_system().start_node({.name = "bank"});
  check_origin([&] { node.spawn<poisoned>(poison{}); }, "poisoned");
}
