// What CPython's _TestArray checks, and its counterpart here:
//   test_array, test_rawarray       "an array is read and written by index, by slice and as a whole", "another process
//                                   sees the same elements"
//   test_array_from_size, test_rawarray...  "a new array is zero every time"
//   test_array_accepts_long         sizes are std::size_t
//   test_getobj_getlock_obj         unit/transport/value.cpp "a value without a lock has no members of one"
#include "troupe/array.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "troupe/process.hpp"

#include <csignal>
#include <functional>
#include <list>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

template <class A>
std::vector<typename A::value_type> content(const A& a) {
  return {a.begin(), a.end()};
}

std::string text_of_error(const std::function<void()>& f) {
  try {
    f();
  } catch (const error& e) {
    return e.what();
  }
  return {};
}

}  // namespace

TEST_CASE("an array is read and written by index, by slice and as a whole") {
  const std::vector<int> seq{680, 626, 934, 821, 150, 233, 548, 982, 714, 831};
  array<int> a(seq);
  CHECK(a.size() == seq.size());
  CHECK(a[3] == seq[3]);
  CHECK(content(a) == seq);
  const auto part = a.slice(2, 5);
  CHECK(std::vector(part.begin(), part.end()) == std::vector{934, 821, 150, 233, 548});
  std::iota(a.slice(4, 4).begin(), a.slice(4, 4).end(), 0);
  CHECK(content(a) == std::vector{680, 626, 934, 821, 0, 1, 2, 3, 714, 831});
  a.assign(seq);
  CHECK(content(a) == seq);
  a.fill(5);
  CHECK(content(a) == std::vector<int>(10, 5));
}

TEST_CASE("an array is made of a size, of a list or of any range") {
  CHECK(content(array<int>(3)) == std::vector{0, 0, 0});
  CHECK(content(array<int>{3}) == std::vector{3});
  CHECK(content(array{1.5, 2.5}) == std::vector{1.5, 2.5});
  CHECK(content(array<long>(std::list<int>{1, 2})) == std::vector{1L, 2L});
  CHECK(content(array(std::string{"abc"})) == std::vector{'a', 'b', 'c'});
  CHECK(array<int>(0).empty());
}

TEST_CASE("a new array is zero every time") {
  for (int i = 0; i < 3; ++i) {
    array<int> a(10);
    CHECK(content(a) == std::vector<int>(10, 0));
    std::iota(a.begin(), a.end(), 1);
  }
}

TEST_CASE("another process sees the same elements") {
  array<int> a{1, 2, 3};
  array<int, unlocked> raw{1, 2, 3};
  process child{[](array<int> sums, array<int, unlocked> negated) {
                  const std::scoped_lock guard{sums};
                  for (std::size_t i = 1; i < sums.size(); ++i) sums[i] += sums[i - 1];
                  for (int& n : negated) n = -n;
                },
                a, raw};
  child.start();
  child.join();
  CHECK(content(a) == std::vector{1, 3, 6});
  CHECK(content(raw) == std::vector{-1, -2, -3});
}

TEST_CASE("what is outside of an array is refused, naming index and size") {
  array<int> a(10);
  CHECK(error_of([&] { a[10] = 1; }) == errc::invalid_argument);
  CHECK(error_of([&] { (void)a.slice(5, 6); }) == errc::invalid_argument);
  CHECK(error_of([&] { (void)a.slice(11, 0); }) == errc::invalid_argument);
  CHECK(a.slice(10, 0).empty());
  CHECK(error_of([&] { a.fetch_add(10, 1); }) == errc::invalid_argument);
  CHECK(text_of_error([&] { a[static_cast<std::size_t>(-1)] = 1; })
        == "element -1 of 10 was asked for: indices go from 0 to size() - 1");
  CHECK(error_of([&] { a.assign(std::vector<int>(9)); }) == errc::invalid_argument);
  CHECK(error_of([] { array<double> huge(static_cast<std::size_t>(-1)); }) == errc::out_of_memory);
  CHECK(error_of([] { array<double> huge(std::size_t{1} << 40); }) == errc::out_of_memory);
}

TEST_CASE("elements are exchanged and counted atomically") {
  array<int> a{1, 2};
  CHECK(a.exchange(0, 5) == 1);
  CHECK(a.fetch_add(1, 3) == 2);
  CHECK(a.fetch_sub(1, 1) == 5);
  a.store(0, 6);
  CHECK(a.load(0) == 6);
  CHECK(a.load(1) == 4);
}

TEST_CASE("who dies while it changes an array leaves the lock and a word of warning") {
  array<int> a{1, 2, 3};
  process child{[](array<int> theirs) {
                  const std::scoped_lock held{theirs};
                  theirs[0] = 9;
                  std::raise(SIGKILL);
                },
                a};
  child.start();
  child.join();
  const std::scoped_lock guard{a};
  CHECK(a.abandoned());
  a.mend();
  CHECK_FALSE(a.abandoned());
}
