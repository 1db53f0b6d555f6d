#include "troupe/memory/biased_lock.hpp"
#include "support/catch.hpp"

#include <memory>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;
using memory::biased_lock;

namespace {

/// Asked by another thread, and so without an assertion of Catch's.
bool another_thread_gets(biased_lock& lock, deadline limit) {
  bool got = false;
  std::thread other{[&] {
    got = lock.lock_until(limit);
    if (got) lock.unlock();
  }};
  other.join();
  return got;
}

}  // namespace

TEST_CASE("a biased lock is taken again and again by its first thread, without waiting") {
  biased_lock lock;
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(lock.lock_until(deadline::now()));
    lock.unlock();
  }
}

TEST_CASE("a biased lock keeps a second thread out while the first is inside") {
  biased_lock lock;
  for (int i = 0; i < 3; ++i) {  // biased the first time, a mutex from then on
    REQUIRE(lock.lock_until(deadline::never()));
    CHECK_FALSE(another_thread_gets(lock, deadline::now()));
    CHECK_FALSE(another_thread_gets(lock, deadline::after(2ms)));
    lock.unlock();
    CHECK(another_thread_gets(lock, deadline::now()));
  }
}

TEST_CASE("a biased lock that was given up waiting for is none the worse") {
  biased_lock lock;
  REQUIRE(lock.lock_until(deadline::never()));
  CHECK_FALSE(another_thread_gets(lock, deadline::after(1ms)));
  lock.unlock();
  for (int i = 0; i < 100; ++i) {
    REQUIRE(lock.lock_until(deadline::now()));
    lock.unlock();
  }
}

TEST_CASE("a biased lock whose first thread is gone serves the others") {
  biased_lock lock;
  CHECK(another_thread_gets(lock, deadline::now()));
  REQUIRE(lock.lock_until(deadline::never()));
  CHECK_FALSE(another_thread_gets(lock, deadline::now()));
  lock.unlock();
  CHECK(another_thread_gets(lock, deadline::never()));
}

TEST_CASE("one thread at a time holds a biased lock, also at the moment when the second comes") {
  for (int round = 0; round < 200; ++round) {
    biased_lock lock;
    int count = 0;
    const auto work = [&](int times) {
      for (int i = 0; i < times; ++i) {
        while (!lock.lock_until(i % 2 == 0 ? deadline::never() : deadline::after(1h))) {
        }
        ++count;
        lock.unlock();
      }
    };
    std::vector<std::thread> others;
    for (int i = 0; i < 2; ++i) others.emplace_back(work, 50);
    work(300);
    for (auto& other : others) other.join();
    REQUIRE(count == 400);
  }
}

TEST_CASE("a thread asleep on a biased lock is woken when the first one leaves") {
  for (int round = 0; round < 100; ++round) {
    biased_lock lock;
    std::atomic<bool> trying{false};
    REQUIRE(lock.lock_until(deadline::never()));
    std::thread other{[&] {
      trying = true;
      if (!lock.lock_until(deadline::never())) std::terminate();
      lock.unlock();
    }};
    while (!trying) std::this_thread::yield();
    lock.unlock();
    other.join();
  }
}
