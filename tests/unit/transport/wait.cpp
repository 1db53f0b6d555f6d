#include "troupe/wait.hpp"
#include "support/catch.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <csignal>
#include <exception>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using indices = std::vector<std::size_t>;

unique_fd event() {
  unique_fd fd{::eventfd(0, EFD_CLOEXEC)};
  REQUIRE(fd);
  return fd;
}

/// From any thread, and so without an assertion of Catch's.
void raise(const unique_fd& event) {
  if (::eventfd_write(event.get(), 1) != 0) std::terminate();
}

/// Counts what it gets.
void answer(connection end) {
  for (int i = 0;; ++i) {
    (void)end.recv<int>();
    end.send(i);
  }
}

}  // namespace

TEST_CASE("of several objects those are named that are ready") {
  auto [a, b] = pipe();
  queue<int> q;
  const unique_fd fd = event();
  CHECK(try_wait({a, b, q, fd.get()}).empty());
  CHECK(try_wait_for({a, b, q, fd.get()}, 2ms).empty());
  a.send(1);
  CHECK(wait({a, b, q, fd.get()}) == indices{1});
  q.put(1);
  raise(fd);
  CHECK(wait({a, b, q, fd.get()}) == indices{1, 2, 3});
  (void)b.recv<int>();
  (void)q.get();
  CHECK(try_wait({a, b, q, fd.get()}) == indices{3});
}

TEST_CASE("the end of a stream is something to be told of") {
  auto [a, b] = pipe();
  queue<int> q;
  a.close();
  CHECK(wait({b, q}) == indices{0});
  q.shutdown();
  CHECK(wait({b, q}) == indices{0, 1});
  CHECK_THROWS_AS(try_wait({a}), error);
}

TEST_CASE("who waits for many things is woken by each of them") {
  auto [a, b] = pipe();
  queue<int> q;
  const unique_fd fd = event();
  for (std::size_t round = 0; round < 30; ++round) {
    const std::size_t chosen = round % 3;
    std::thread waker{[&, &end = a] {
      if (chosen == 0) end.send(1);
      if (chosen == 1) q.put(1);
      if (chosen == 2) raise(fd);
    }};
    CHECK(wait({b, q, fd.get()}) == indices{chosen});
    waker.join();
    if (chosen == 0) (void)b.recv<int>();
    if (chosen == 1) (void)q.get();
    std::uint64_t value = 0;
    if (chosen == 2) REQUIRE(::read(fd.get(), &value, sizeof value) == sizeof value);
  }
}

TEST_CASE("the end of a process ends a wait for it") {
  auto [ours, theirs] = pipe();
  queue<int> q;
  process child{answer, std::move(theirs)};
  CHECK_THROWS_AS(child.sentinel(), error);
  child.start();
  CHECK(try_wait({child.sentinel(), q}).empty());
  for (int i = 0; i < 1000; ++i) {
    ours.send(1);
    CHECK(wait({ours, q}) == indices{0});
    CHECK(ours.recv<int>() == i);
  }
  child.kill();
  CHECK(wait({q, child.sentinel()}) == indices{1});
  CHECK(wait({ours}) == indices{0});
  CHECK(child.exit_code() == -SIGKILL);
}

TEST_CASE("more descriptors than the kernel polls are refused") {
  const unique_fd fd = event();
  const std::vector<waitable> many(300, fd.get());
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  rlimit few = usual;
  few.rlim_cur = 300;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  CHECK_THROWS_AS(try_wait_for(many, 1ms), error);
  CHECK(try_wait_for(std::span{many}.first(200), 1ms).empty());
  raise(fd);
  CHECK(wait(many).size() == 300);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
}

TEST_CASE("more objects than the kernel can sleep on are refused") {
  queue<int> q;
  const std::vector<waitable> many(200, q);
  CHECK_THROWS_AS(try_wait_for(many, 1ms), error);
  q.put(1);
  CHECK(wait(many).size() == 200);
}
