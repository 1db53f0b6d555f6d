#include "troupe/memory/adaptive_spin.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <unistd.h>
#include <vector>

using namespace troupe;
using memory::adaptive_spin;

namespace {

const bool has_several_processors = ::sysconf(_SC_NPROCESSORS_ONLN) > 1;

constexpr int at_length = 100;  // looks: more than a single try in passing, fewer than the shortest spin

/// How often it looked for what never comes.
int looks_in_vain(adaptive_spin& spin) {
  int looks = 0;
  CHECK_FALSE(spin.until([&] { return ++looks == 0; }, deadline::never()));
  return looks;
}

}  // namespace

TEST_CASE("what is there at once needs no sleep") {
  adaptive_spin spin;
  for (int i = 0; i < 100; ++i) CHECK(spin.until([] { return true; }, deadline::never()));
}

TEST_CASE("what comes while somebody looks needs no sleep") {
  if (!has_several_processors) return;
  adaptive_spin spin;
  for (int i = 0; i < 100; ++i) {
    int looks = 0;
    CHECK(spin.until([&] { return ++looks == 50; }, deadline::never()));
  }
}

TEST_CASE("looking in vain becomes shorter, then stops, and is tried again now and then") {
  adaptive_spin spin;
  for (int i = 0; i < 10; ++i) {
    const int looks = looks_in_vain(spin);
    if (i == 0) CHECK((looks > at_length) == has_several_processors);
  }
  const auto long_looks = [&] {
    std::vector<int> looks(96);
    std::generate(looks.begin(), looks.end(), [&] { return looks_in_vain(spin); });
    CHECK(*std::min_element(looks.begin(), looks.end()) <= 1);  // after yielding the processor
    return std::count_if(looks.begin(), looks.end(), [](int n) { return n > at_length; });
  };
  CHECK(long_looks() == (has_several_processors ? 3 : 0));
}

TEST_CASE("looking that was worth it is done at length again") {
  if (!has_several_processors) return;
  adaptive_spin spin;
  while (looks_in_vain(spin) > at_length) {
  }
  // Waits for the next try, in which it comes after some looks.
  for (int looks = 0; looks < at_length / 2;) {
    looks = 0;
    (void)spin.until([&] { return ++looks == at_length / 2; }, deadline::never());
  }
  CHECK(looks_in_vain(spin) > at_length);
}

TEST_CASE("looking keeps its limit") {
  adaptive_spin spin;
  const auto limit = deadline::after(std::chrono::microseconds{10});
  while (!limit.passed()) CHECK_FALSE(spin.until([] { return false; }, limit));
  CHECK_FALSE(spin.until([] { return false; }, limit));
}
