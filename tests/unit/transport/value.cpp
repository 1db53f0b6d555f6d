// What CPython's _TestValue checks, and its counterpart here:
//   test_value, test_rawvalue       "a value holds what was stored, here and in another process", for all number types,
//                                   with and without a lock
//   test_getobj_getlock             "a value is its own lock", "a value without a lock has no members of one"; a
//                                   lock of somebody else's is not taken: scoped_lock over both is as short
// _TestSharedCTypes:
//   test_sharedctypes, test_synchronize   "values, arrays and structs are doubled by another process"
//   test_copy                       "a copy of a value refers to the same memory; what was loaded does not"
#include "troupe/value.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/later.hpp"
#include "troupe/array.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/shareable_list.hpp"
#include "troupe/shared_memory.hpp"
#include "troupe/wire/message.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <future>
#include <limits>
#include <mutex>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

struct point {
  double x;
  double y;
  int weight;
  friend bool operator==(const point&, const point&) = default;
};

template <class V>
void check_numbers(V v, typename V::value_type first, typename V::value_type second) {
  using T = typename V::value_type;
  CHECK(v.load() == first);
  v.store(second);
  CHECK(v.load() == second);
  process child{[](V theirs, T expected, T wanted) {
                  const bool as_expected = theirs.load() == expected;
                  theirs.store(wanted);
                  return as_expected ? 0 : 1;
                },
                v, second, first};
  child.start();
  child.join();
  CHECK(child.exit_code() == 0);
  CHECK(v.load() == first);
}

template <class T>
concept has_lock = requires(T v) { v.lock(); };

/// In a child: locks, begins to change the value, and is killed.
[[noreturn]] void die_with_the_lock(value<point> v) {
  v.lock();
  v.get().x = 99;
  std::raise(SIGKILL);
  std::abort();
}

void double_all(value<int> x, value<double, unlocked> y, value<point> foo, array<double> numbers,
                array<char, unlocked> text) {
  x.update([](int& n) { n *= 2; });
  y.get() *= 2;
  foo.update([](point& p) { p = {p.x * 2, p.y * 2, p.weight * 2}; });
  const std::scoped_lock guard{numbers};
  for (double& d : numbers) d *= 2;
  text[0] = 'H';
}

void run(process p) {
  p.start();
  p.join();
}

}  // namespace

TEST_CASE("a value holds what was stored, here and in another process") {
  check_numbers(value<int>{7}, 7, -7);
  check_numbers(value<double>{3.5}, 3.5, -1e300);
  check_numbers(value<std::int16_t>{-232}, -232, 234);
  check_numbers(value<std::int64_t>{std::int64_t{2} << 33}, std::int64_t{2} << 33, std::int64_t{2} << 34);
  check_numbers(value<char>{'x'}, 'x', 'y');
  check_numbers(value<bool>{true}, true, false);
  check_numbers(value<float, unlocked>{0.5F}, 0.5F, 1.5F);
  check_numbers(value<point>{{1, 2, 3}}, {1, 2, 3}, {4, 5, 6});
}

TEST_CASE("a value that is given nothing is zero") {
  CHECK(value<int>{}.load() == 0);
  CHECK(value<point>{}.load() == point{});
  CHECK(value{2.5}.load() == 2.5);
}

TEST_CASE("a copy of a value refers to the same memory; what was loaded does not") {
  value<int> first{1};
  value<int> second = first;
  const int loaded = first.load();
  second.store(2);
  CHECK(first.load() == 2);
  CHECK(loaded == 1);
}

TEST_CASE("each operation on a number is one step for all processes") {
  constexpr int rounds = 10'000;
  value<int> count;
  value<double> sum;
  value<long double> wide;
  array<int, unlocked> counts(3);
  const auto add = [](value<int> c, value<double> s, value<long double> w, array<int, unlocked> a) {
    for (int i = 0; i < rounds; ++i) {
      c.fetch_add(2);
      c.fetch_sub(1);
      s.fetch_add(0.5);
      w.fetch_add(1);
      a.fetch_add(1, 1);
    }
  };
  process one{add, count, sum, wide, counts};
  process two{add, count, sum, wide, counts};
  one.start();
  two.start();
  one.join();
  two.join();
  CHECK(count.load() == 2 * rounds);
  CHECK(sum.load() == rounds);
  CHECK(wide.load() == 2 * rounds);
  CHECK(std::vector(counts.begin(), counts.end()) == std::vector{0, 2 * rounds, 0});
}

TEST_CASE("integers wrap around") {
  value<std::int32_t> v{std::numeric_limits<std::int32_t>::max()};
  CHECK(v.fetch_add(1) == std::numeric_limits<std::int32_t>::max());
  CHECK(v.load() == std::numeric_limits<std::int32_t>::min());
}

TEST_CASE("exchange and update return what was there") {
  value<int> small{1};
  CHECK(small.exchange(2) == 1);
  CHECK(small.update([](int& n) { n *= 10; }) == 2);
  CHECK(small.load() == 20);
  value<point> large{{1, 2, 3}};
  CHECK(large.exchange({4, 5, 6}) == point{1, 2, 3});
  CHECK(large.update([](point& p) { p.weight = 0; }) == point{4, 5, 6});
  CHECK(large.load() == point{4, 5, 0});
}

TEST_CASE("an update that throws changes nothing") {
  value<point> v{{1, 2, 3}};
  CHECK_THROWS_AS(v.update([](point& p) {
    p.x = 5;
    throw 1;
  }),
                  int);
  CHECK(v.load() == point{1, 2, 3});
  CHECK(v.try_lock());
  v.unlock();
}

TEST_CASE("readers of a large value never see parts of two") {
  value<std::array<std::int64_t, 32>> v;
  process writer{[](value<std::array<std::int64_t, 32>> out) {
                   std::array<std::int64_t, 32> same{};
                   for (std::int64_t i = 1; i <= 3000; ++i) {
                     same.fill(i);
                     out.store(same);
                   }
                 },
                 v};
  writer.start();
  bool whole = true;
  for (std::int64_t last = 0; last != 3000;) {
    const auto all = v.load();
    for (const auto one : all) whole = whole && one == all[0];
    last = all[0];
  }
  CHECK(whole);
  writer.join();
}

TEST_CASE("a value is its own lock") {
  value<int> v;
  value<int> same = v;
  const std::scoped_lock guard{v};
  CHECK(v.try_lock());  // once more: by the same thread
  same.unlock();
  bool got = true;
  std::thread{[&] {
    got = v.try_lock() || v.try_lock_for(1ms) || v.try_lock_until(std::chrono::system_clock::now());
  }}.join();
  CHECK_FALSE(got);
}

TEST_CASE("a value without a lock has no members of one") {
  STATIC_REQUIRE(has_lock<value<int>>);
  STATIC_REQUIRE_FALSE(has_lock<value<int, unlocked>>);
  STATIC_REQUIRE(has_lock<array<int>>);
  STATIC_REQUIRE_FALSE(has_lock<array<int, unlocked>>);
}

TEST_CASE("several values are locked at once without deadlock") {
  constexpr int rounds = 2000;
  value<long> a{1000};
  value<long> b{1000};
  const auto move = [](value<long> from, value<long> to) {
    for (int i = 0; i < rounds; ++i) {
      const std::scoped_lock both{from, to};
      from.get() -= 1;
      to.get() += 1;
    }
  };
  process one{move, a, b};
  process two{move, b, a};
  one.start();
  two.start();
  one.join();
  two.join();
  CHECK(a.load() == 1000);
  CHECK(b.load() == 1000);
}

TEST_CASE("a holder of the lock that dies hangs nobody, and everybody is told until it is mended") {
  value<point> v{{1, 2, 3}};
  CHECK_FALSE(v.abandoned());
  run(process{die_with_the_lock, v});
  process witness{[](value<point> theirs) {
                    const std::scoped_lock held{theirs};
                    return theirs.abandoned() ? 0 : 1;
                  },
                  v};
  witness.start();
  witness.join();
  CHECK(witness.exit_code() == 0);
  {
    const std::scoped_lock guard{v};
    CHECK(v.abandoned());
    v.store({7, 7, 7});
    v.mend();
  }
  const std::scoped_lock guard{v};
  CHECK_FALSE(v.abandoned());
  CHECK(v.load() == point{7, 7, 7});
}

TEST_CASE("who lets go of a value while it has the lock has abandoned it") {
  value<point> v{{1, 2, 3}};
  process careless{[](value<point> theirs) {
                     theirs.lock();
                     theirs.lock();
                   },
                   v};
  careless.start();
  careless.join();
  {
    const std::scoped_lock guard{v};
    CHECK(v.abandoned());
    v.mend();
  }
  {
    value<point> gone{{1, 2, 3}};
    gone.lock();
  }
  const std::scoped_lock guard{v};  // the memory of the other lock is gone; nothing leads there
  CHECK_FALSE(v.abandoned());
}

TEST_CASE("a lock that another thread of the process holds outlives the last handle there") {
  value<int> v{1};
  std::optional<value<int>> copy{v};
  int* number = &v.get();
  std::thread{[&] { v.lock(); }}.join();  // it ended with the lock, so the kernel passes that on
  CHECK(v.try_lock());
  CHECK(v.abandoned());
  v.unlock();
  later<int> locked;
  later<int> closed;
  std::thread other{[&] {
    copy->lock();
    locked.set(1);
    (void)closed.get();
    *number = 2;  // its memory is still there
  }};
  (void)locked.get();
  v.close();
  copy.reset();
  closed.set(1);
  other.join();
  CHECK(*number == 2);
}

TEST_CASE("an unlock by a thread that does not hold the lock is an error that changes nothing") {
  value<point> v{{1, 2, 3}};
  const auto refused = [&] { return error_of([&] { v.unlock(); }) == errc::invalid_argument; };
  CHECK(refused());
  v.update([&](point&) { CHECK(refused()); });
  {
    const std::scoped_lock guard{v};
    std::thread{[&] { CHECK(refused()); }}.join();
    process other{[](value<point> theirs) {
                    const bool right =
                        error_of([&] { theirs.unlock(); }) == errc::invalid_argument && !theirs.try_lock();
                    return right ? 0 : 1;
                  },
                  v};
    other.start();
    other.join();
    CHECK(other.exit_code() == 0);
    v.update([](point& p) { p.x = 7; });
  }
  CHECK(refused());
  CHECK(v.try_lock());
  CHECK_FALSE(v.abandoned());
  v.unlock();
  CHECK_THROWS_WITH(v.unlock(), contains("a value of")
                                    && contains("point with a lock cannot be unlocked by this thread of"
                                                " process main (pid "));
}

TEST_CASE("an unlock by somebody else does not hide the death of who holds the lock") {
  value<point> v{{1, 2, 3}};
  auto [ours, theirs] = pipe();
  process holder{[](value<point> held, connection report) {
                   held.lock();
                   report.send(1);
                   for (;;) ::pause();
                 },
                 v, std::move(theirs)};
  holder.start();
  REQUIRE(ours.recv<int>() == 1);
  CHECK(error_of([&] { v.unlock(); }) == errc::invalid_argument);
  CHECK_FALSE(v.abandoned());
  holder.kill();
  holder.join();
  SECTION("the next holder is told") {
    v.lock();
    CHECK(v.abandoned());
    v.unlock();
  }
  SECTION("a stray unlock after the death tells, too") {
    CHECK(error_of([&] { v.unlock(); }) == errc::invalid_argument);
    CHECK(v.abandoned());
  }
}

TEST_CASE("a copy made by fork cannot unlock what its parent holds") {
  value<point> v{{1, 2, 3}};
  v.lock();
  const pid_t copy = ::fork();
  if (copy == 0) {
    bool right = false;
    try {
      v.unlock();
    } catch (const error& e) {
      right = e.code() == errc::invalid_argument
              && std::string_view{e.what()}.find("a copy that fork() made of process main") != std::string_view::npos;
    }
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  ::waitpid(copy, &status, 0);
  CHECK(status == 0);
  CHECK_FALSE(std::async(std::launch::async, [&] { return v.try_lock(); }).get());
  v.unlock();
  CHECK_FALSE(v.abandoned());
}

TEST_CASE("a value travels in messages, and outlives who made it") {
  queue<value<int>> q;
  auto [ours, theirs] = pipe();
  run(process{[](queue<value<int>> out, connection c) {
                const value<int> made{40};
                out.put(made);
                c.send(made);
              },
              q, std::move(theirs)});
  auto first = q.get();
  auto second = ours.recv<value<int>>();
  first.fetch_add(2);
  CHECK(second.load() == 42);
}

TEST_CASE("shared data travels in the fields of a message") {
  struct parcel {
    value<int> number;
    array<int> numbers;
    shareable_list items;
    shared_memory memory;
  };
  queue<parcel> q;
  q.put({value{1}, array{1, 2}, shareable_list{"one"}, shared_memory::create(1)});
  const parcel got = q.get();
  CHECK(got.number.load() == 1);
  CHECK(got.numbers[1] == 2);
  CHECK(got.items[0] == "one");
  CHECK(got.memory.size() == 1);
}

TEST_CASE("a closed handle of a value says so, and others go on") {
  value<int> v{1};
  value<int> other = v;
  v.close();
  CHECK_FALSE(v.is_open());
  CHECK(error_of([&] { (void)v.load(); }) == errc::closed);
  CHECK(error_of([&] { v.lock(); }) == errc::closed);
  CHECK(other.load() == 1);
}

TEST_CASE("a value that says to be none, or to be of another type, is refused on arrival") {
  using large = std::array<char, 8192>;  // reaches beyond the memory of a small one
  const value<large> v;
  wire::outgoing_handles out;
  const auto bytes = wire::encode(v, &out);
  const auto memory = memory::region::attach(unique_fd{::dup(out.fds()[0])});
  auto& header = *reinterpret_cast<memory::data_header*>(memory.data());
  const auto error_of_arrival = [&] {
    std::vector<unique_fd> fds;
    fds.emplace_back(::dup(memory.fd()));
    wire::incoming_handles in{std::move(fds)};
    return error_of([&] { (void)wire::decode<value<large>>(bytes.span(), &in); });
  };
  CHECK(error_of_arrival() == errc{});
  header.count = 0;
  CHECK(error_of_arrival() == errc::malformed);
  header.count = 1;
  header.element_size = 8;
  CHECK(error_of_arrival() == errc::type_mismatch);
}

TEST_CASE("values, arrays and structs are doubled by another process") {
  value<int> x{7};
  value<double, unlocked> y{1.0 / 3};
  value<point> foo{{3, 2, 1}};
  array<double> numbers(std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  array<char, unlocked> text{'h', 'e', 'l', 'l', 'o'};
  run(process{double_all, x, y, foo, numbers, text});
  CHECK(x.load() == 14);
  CHECK(y.load() == 2.0 / 3);
  CHECK(foo.load() == point{6, 4, 2});
  for (std::size_t i = 0; i < numbers.size(); ++i) CHECK(numbers[i] == 2.0 * static_cast<double>(i));
  CHECK(std::string(text.begin(), text.end()) == "Hello");
}
