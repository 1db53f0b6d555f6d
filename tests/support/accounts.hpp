#pragma once

#include "support/catch.hpp"
#include "support/later.hpp"
#include "troupe/actor/actor.hpp"
#include "troupe/actor/system.hpp"

#include <stdexcept>
#include <string>
#include <utility>

/// The actors of these tests.
namespace bank {

struct deposit {
  long amount = 0;
};
struct balance {
  using reply = long;
};
struct fail {
  std::string text;
};
struct shut {};
struct account_api : troupe::protocol<deposit, balance, fail, shut> {};

class account : public troupe::actor<account_api> {
 public:
  explicit account(long opening = 0) : balance_{opening} {
    if (opening < 0) throw std::invalid_argument{"an account cannot begin in debt"};
  }
  void on(const deposit& m) { balance_ += m.amount; }
  long on(const balance&) { return balance_; }
  void on(const fail& m) { throw std::runtime_error{m.text}; }
  void on(const shut&) { stop(); }

 private:
  long balance_;
};

// The code of the `troupe::error` that `f` throws.
template <class F>
troupe::errc code_of(F&& f) {
  try {
    f();
  } catch (const troupe::error& e) {
    return static_cast<troupe::errc>(e.code().value());
  }
  FAIL("nothing was thrown");
  return troupe::errc::malformed;
}

// Waits inside a handler until the test lets it go on.
struct wait {};
struct gate_api : troupe::protocol<wait, deposit> {};
class gate : public troupe::actor<gate_api> {
 public:
  gate(troupe::test::later<void> entered, troupe::test::later<void> open)
      : entered_{std::move(entered)}
      , open_{std::move(open)} {}
  void on(const wait&) {
    entered_.set();
    open_.get();
  }
  void on(const deposit&) {}

 private:
  troupe::test::later<void> entered_;
  troupe::test::later<void> open_;
};

// Tells the test what it hears of the deaths of others.
struct watch_account {
  troupe::ref<account_api> whom;
};
struct watcher_api : troupe::protocol<watch_account> {};
class watcher : public troupe::actor<watcher_api> {
 public:
  explicit watcher(troupe::test::later<troupe::down> news) : news_{std::move(news)} {}
  void on(const watch_account& m) { watch(m.whom); }
  void on(const troupe::down& news) { news_.set(news); }

 private:
  troupe::test::later<troupe::down> news_;
};

}  // namespace bank
