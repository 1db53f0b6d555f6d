#include "troupe/memory/asymmetric_fence.hpp"
#include "support/catch.hpp"

#include <barrier>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace fence = troupe::memory::asymmetric_fence;

namespace {

/// Both sides store, then look at what the other stored. How often neither saw the other.
int times_both_were_blind(bool asymmetric) {
  constexpr int rounds = 1'000;
  std::atomic<int> here{0};
  std::atomic<int> there{0};
  int seen_here = 0;
  int seen_there = 0;
  int blind = 0;
  std::barrier together{2};
  std::thread frequent{[&] {
    for (int i = 0; i < rounds; ++i) {
      together.arrive_and_wait();
      there.store(1, std::memory_order_relaxed);
      fence::light(asymmetric);
      seen_there = here.load(std::memory_order_relaxed);
      together.arrive_and_wait();
      together.arrive_and_wait();
    }
  }};
  for (int i = 0; i < rounds; ++i) {
    together.arrive_and_wait();
    here.store(1, std::memory_order_relaxed);
    fence::heavy(asymmetric);
    seen_here = there.load(std::memory_order_relaxed);
    together.arrive_and_wait();
    if (seen_here == 0 && seen_there == 0) ++blind;
    here.store(0, std::memory_order_relaxed);
    there.store(0, std::memory_order_relaxed);
    together.arrive_and_wait();
  }
  frequent.join();
  return blind;
}

}  // namespace

TEST_CASE("of two sides that store and then look, at least one sees the other") {
  CHECK(times_both_were_blind(false) == 0);
  if (fence::available()) CHECK(times_both_were_blind(true) == 0);
}

TEST_CASE("a forked child can take part in the fence if its parent can") {
  const bool here = fence::available();
  CHECK(fence::available() == here);
  const ::pid_t child = ::fork();
  if (child == 0) ::_exit(fence::available() == here ? 0 : 1);
  REQUIRE(child > 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
