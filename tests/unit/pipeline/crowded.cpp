#include "support/catch.hpp"
#include "support/later.hpp"
#include "troupe/actor/actor.hpp"
#include "troupe/actor/system.hpp"
#include "troupe/pipeline.hpp"

#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace troupe;
using troupe::test::contains;

namespace {

std::vector<int> first(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}
int twice(int n) { return 2 * n; }
void add(long& sum, int n) { sum += n; }

long sum_up(int count, unsigned width) {
  return from("numbers", first(count))
      .then("twice", twice, {.width = width})
      .fold("add", add, 0L)
      .run(this_system())
      .value;
}

long sum_up_elsewhere(int count) {
  return from("numbers", first(count))
      .then("twice", twice, {.width = 2, .where = place::own_process})
      .fold("add", add, 0L)
      .run(this_system())
      .value;
}

int refuse(int n) {
  if (n == 20) throw std::invalid_argument{"not 20"};
  return n;
}

// The step runs a pipeline of its own.
int run_another(int n) { return static_cast<int>(sum_up(n, 1)); }

struct word_of {
  std::string text;
};
struct desk_api : protocol<word_of> {};
class listener : public actor<desk_api> {
 public:
  explicit listener(test::later<std::string> word) : word_{std::move(word)} {}
  void on(const word_of& m) { word_.set(m.text); }

 private:
  test::later<std::string> word_;
};

struct run_in_handler {
  using reply = long;
  bool elsewhere = false;
};
struct run_nested {
  using reply = long;
};
// In a thread that is no actor's.
struct run_aside {
  ref<desk_api> whom;
  bool fails = false;
};
struct foreman_api : protocol<run_in_handler, run_nested, run_aside> {};
class foreman : public actor<foreman_api> {
 public:
  long on(const run_in_handler& m) { return m.elsewhere ? sum_up_elsewhere(50) : sum_up(50, 2); }
  long on(const run_nested&) {
    return from("numbers", first(3)).then("run another", run_another).fold("add", add, 0L).run(this_system()).value;
  }
  void on(const run_aside& m) {
    std::thread{[m] {
      try {
        const long sum = m.fails ? from("numbers", first(300))
                                       .then("refuse", refuse, {.width = 3})
                                       .fold("add", add, 0L)
                                       .run(this_system())
                                       .value
                                 : sum_up(300, 3);
        m.whom.tell(word_of{std::to_string(sum)});
      } catch (const std::exception& e) {
        m.whom.tell(word_of{e.what()});
      }
    }}.detach();
  }
};

std::string run_in_thread(const node& where, bool fails) {
  const test::later<std::string> word;
  where.spawn<foreman>().tell(run_aside{this_system().spawn<listener>(word), fails});
  return word.get();
}

}  // namespace

TEST_CASE("a pipeline in a process of small mailboxes comes to its end, with one actor thread and with two") {
  for (const unsigned threads : {1U, 2U})
    for (const std::size_t mailbox : {1UL, 2UL, 5UL}) {
      const auto where = this_system().start_node({.threads = threads, .mailbox = mailbox});
      CHECK(run_in_thread(where, false) == std::to_string(300 * 301));
    }
}

TEST_CASE("a pipeline in a process of small mailboxes ends when a step throws, with one actor thread and with two") {
  for (const unsigned threads : {1U, 2U})
    for (const std::size_t mailbox : {1UL, 2UL}) {
      const auto where = this_system().start_node({.threads = threads, .mailbox = mailbox});
      CHECK_THAT(run_in_thread(where, true), contains("not 20") && contains("refuse"));
    }
}

TEST_CASE("a pipeline in a handler is refused where no actor thread is left for it") {
  const auto where = this_system().start_node({.threads = 1});
  const auto who = where.spawn<foreman>();
  for (const bool elsewhere : {false, true})
    CHECK_THROWS_WITH(who.ask(run_in_handler{elsewhere}).get(), contains("none is left"));
}

TEST_CASE("a pipeline in a handler runs where an actor thread is left for it") {
  const auto where = this_system().start_node({.threads = 2});
  const auto who = where.spawn<foreman>();
  for (const bool elsewhere : {false, true}) CHECK(who.ask(run_in_handler{elsewhere}).get() == 50 * 51);
}

TEST_CASE("a pipeline in a step is refused where no actor thread is left, and else runs") {
  const auto narrow = this_system().start_node({.threads = 2});
  CHECK_THROWS_WITH(narrow.spawn<foreman>().ask(run_nested{}).get(), contains("none is left"));
  const auto wide = this_system().start_node({.threads = 3});
  CHECK(wide.spawn<foreman>().ask(run_nested{}).get() == 2 + 6 + 12);
}

TEST_CASE("pipelines in as many handlers as there are threads: one is refused, and the others run") {
  const auto where = this_system().start_node({.threads = 2});
  const auto one = where.spawn<foreman>();
  const auto two = where.spawn<foreman>();
  for (int round = 0; round < 20; ++round) {
    auto first_answer = one.ask(run_in_handler{});
    auto second_answer = two.ask(run_in_handler{});
    int done = 0;
    for (auto* answer : {&first_answer, &second_answer}) try {
        const long sum = answer->get();
        CHECK(sum == 50 * 51);
        ++done;
      } catch (const remote_error& e) {
        CHECK_THAT(e.what(), contains("none is left"));
      }
    CHECK(done >= 1);
  }
}

TEST_CASE("a pipeline in a handler of the first process runs or says that no actor thread is left") {
  const auto who = this_system().spawn<foreman>();
  try {
    const long sum = who.ask(run_in_handler{}).get();
    CHECK(sum == 50 * 51);
  } catch (const remote_error& e) {
    CHECK_THAT(e.what(), contains("none is left"));
  }
}
