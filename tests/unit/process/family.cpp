// Parents, children, daemons, and what each sees of the other.
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/footprint.hpp"
#include "support/run.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/value.hpp"
#include "troupe/wait.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

[[noreturn]] void block() {
  for (;;) ::pause();
}

/// Says that it is there, then waits until the other end of `line` is closed.
void stay(connection line) {
  line.send(::getpid());
  (void)error_of([&] { (void)line.recv<int>(); });
}

void witness(queue<std::string> to, connection line) {
  const process_view parent = *parent_process();
  const bool before = parent.is_alive() && !parent.try_join();
  line.send(1);
  (void)wait({parent.sentinel()});
  parent.join();
  to.put(before && !parent.is_alive() ? "seen" : "not seen");
}
[[noreturn]] void start_witness_and_block(queue<std::string> to, connection line) {
  process child{process_options{.on_parent_death = when_orphaned::go_on}, witness, to, std::move(line)};
  child.start();
  block();
}

/// Says what becomes of it: terminated, or asked to end.
void orphan(connection line, connection proof) {
  static volatile std::sig_atomic_t caught = 0;
  std::signal(SIGTERM, [](int) { caught = 1; });
  line.send(1);
  while (caught == 0 && !line.poll()) (void)::poll(nullptr, 0, 1);  // where ThreadSanitizer delivers signals
  proof.send(std::string{caught != 0 ? "terminated" : "asked"});
}
[[noreturn]] void start_orphan_and_block(connection line, connection proof, when_orphaned what) {
  process child{process_options{.on_parent_death = what}, orphan, std::move(line), std::move(proof)};
  child.start();
  block();
}
std::string fate_of(when_orphaned what) {
  auto [here, there] = pipe();
  auto [alive, dead] = pipe(simplex);
  process parent{start_orphan_and_block, std::move(there), std::move(dead), what};
  parent.start();
  (void)here.recv<int>();
  parent.kill();
  parent.join();
  if (what == when_orphaned::go_on) here.send(1);
  try {
    return alive.recv<std::string>();
  } catch (const error&) {
    return "killed";
  }
}

void say_whether_waited_for(queue<std::string> to) {
  (void)parent_process()->try_join_for(20ms);
  to.put(parent_process()->is_alive() ? "waited for" : "left alone");
}
void leave_children(queue<std::string> to) {
  static std::optional<process> daemon;
  static std::optional<process> child;
  daemon.emplace(process_options{.daemon = true}, block);
  child.emplace(say_whether_waited_for, to);
  daemon->start();
  child->start();
}

}  // namespace

TEST_CASE("a process knows itself and its parent, and the first one has none") {
  const process_view first = this_process();
  CHECK(first.pid() == ::getpid());
  CHECK(first.name() == "main");
  CHECK(first.is_alive());
  CHECK_FALSE(parent_process());
  queue<std::string> out;
  process p{process_options{.name = "child", .daemon = true},
            [](queue<std::string> to) {
              to.put(this_process().name() + (this_process().is_daemon() ? ", a daemon" : ""));
              to.put(parent_process()->name() + " " + std::to_string(parent_process()->pid()));
            },
            out};
  CHECK(p.is_daemon());
  p.start();
  CHECK(out.get() == "child, a daemon");
  CHECK(out.get() == "main " + std::to_string(::getpid()));
  p.join();
}

TEST_CASE("the active children are those that were started and have not ended") {
  const auto count = active_children().size();
  auto [here, there] = pipe();
  process p{process_options{.name = "active"}, stay, std::move(there)};
  CHECK(active_children().size() == count);
  p.start();
  (void)here.recv<int>();
  const auto found = active_children();
  CHECK(found.size() == count + 1);
  CHECK(std::any_of(found.begin(), found.end(),
                    [&](const process_view& v) { return v.id() == p.id() && v.pid() == p.pid(); }));
  here.close();
  p.join();
  CHECK(active_children().size() == count);
}

TEST_CASE("a grandchild sees its parent die") {
  queue<std::string> out;
  auto [here, there] = pipe();
  process parent{start_witness_and_block, out, std::move(there)};
  parent.start();
  CHECK(here.recv<int>() == 1);
  parent.kill();
  CHECK(out.get() == "seen");
}

TEST_CASE("any process can wait for any other one") {
  auto [here, there] = pipe();
  process awaited{stay, std::move(there)};
  awaited.start();
  queue<bool> out;
  process sibling{[](queue<bool> to) {
                    const auto everybody = active_children();
                    to.put(everybody.empty());
                    to.put(!parent_process()->try_join_for(1ms));
                    to.put(parent_process()->is_alive());
                  },
                  out};
  sibling.start();
  for (int i = 0; i < 3; ++i) CHECK(out.get());
  const process_view view = active_children().front();
  CHECK_FALSE(view.try_join_for(1ms));
  here.close();
  awaited.join();
}

TEST_CASE("how a process ended: processor time, memory, and what escaped it") {
  process p{process_options{.errors = stdio::null()}, [] {
              std::vector<char> memory(std::size_t{50} << 20, 'x');
              const auto end = std::chrono::steady_clock::now() + 20ms;
              while (std::chrono::steady_clock::now() < end) {
              }
              throw std::invalid_argument{"wrong " + std::string(memory.begin(), memory.begin() + 3)};
            }};
  CHECK_FALSE(p.exit_status());
  p.start();
  p.join();
  const exit_status end = p.exit_status().value();
  CHECK(end.code == 1);
  CHECK_FALSE(end.dumped_core);
  CHECK(end.exception == "std::invalid_argument: wrong xxx");
  CHECK(end.user_time + end.system_time >= 15ms);
  CHECK(end.user_time + end.system_time < 5s);
  CHECK(end.most_resident >= std::size_t{50} << 20);
}

TEST_CASE("a process can be interrupted and does not hear of Ctrl-C") {
  process p{block};
  p.start();
  p.interrupt();
  p.join();
  CHECK(p.exit_code() == -SIGINT);
  p.interrupt();  // nothing
}

TEST_CASE("a process that handles an interrupt goes on") {
  auto [here, there] = pipe();
  process p{[](connection line) {
              static volatile std::sig_atomic_t caught = 0;
              std::signal(SIGINT, [](int) { caught = 1; });
              line.send(1);
              while (caught == 0) (void)::poll(nullptr, 0, 1);  // ThreadSanitizer delivers signals in such calls
              return 3;
            },
            std::move(there)};
  p.start();
  (void)here.recv<int>();
  p.interrupt();
  p.join();
  CHECK(p.exit_code() == 3);
}

TEST_CASE("the object of a daemon terminates it, that of another process waits for it") {
  auto [here, there] = pipe();
  std::optional<process_view> view;
  {
    process daemon{process_options{.daemon = true}, stay, std::move(there)};
    daemon.start();
    (void)here.recv<int>();
    view = active_children().back();
  }
  CHECK_FALSE(view->is_alive());
}

TEST_CASE("a daemon that does not want to end is killed") {
  auto [here, there] = pipe();
  process daemon{process_options{.daemon = true},
                 [](connection line) {
                   std::signal(SIGTERM, SIG_IGN);
                   line.send(1);
                   block();
                 },
                 std::move(there)};
  daemon.start();
  (void)here.recv<int>();
  const process_view view = active_children().back();
  {
    const process gone = std::move(daemon);
  }
  CHECK_FALSE(view.is_alive());
}

TEST_CASE("a process whose function returns ends its daemons and waits for its children") {
  queue<std::string> out;
  process parent{leave_children, out};
  parent.start();
  CHECK(out.get() == "waited for");
  parent.join();
  CHECK(parent.exit_code() == 0);
}

TEST_CASE("an orphan is killed, terminated or goes on, as it was told") {
  CHECK(fate_of(when_orphaned::kill) == "killed");
  CHECK(fate_of(when_orphaned::terminate) == "terminated");
  CHECK(fate_of(when_orphaned::go_on) == "asked");
}

TEST_CASE("a closed process object answers for nothing but its name") {
  auto [here, there] = pipe();
  process p{process_options{.name = "closing"}, stay, std::move(there)};
  p.start();
  (void)here.recv<int>();
  CHECK(error_of([&] { p.close(); }) == errc::still_running);
  here.close();
  p.join();
  p.close();
  p.close();
  CHECK(p.name() == "closing");
  CHECK(error_of([&] { p.join(); }) == errc::closed);
  CHECK(error_of([&] { p.start(); }) == errc::closed);
  CHECK(error_of([&] { (void)p.exit_code(); }) == errc::closed);
  CHECK(error_of([&] { (void)p.sentinel(); }) == errc::closed);
  process unstarted{block};
  unstarted.close();
  CHECK(error_of([&] { unstarted.start(); }) == errc::closed);
}

TEST_CASE("a copy made by fork is no part of the tree") {
  auto [here, there] = pipe();
  process p{stay, std::move(there)};
  p.start();
  (void)here.recv<int>();
  const pid_t copy = ::fork();
  if (copy == 0) {
    const bool right = error_of([&] { p.join(); }) == errc::not_parent
                       && error_of([&] { p.kill(); }) == errc::not_parent
                       && error_of([] { (void)this_process(); }) == errc::no_system && error_of([] {
                                                                                         process q{block};
                                                                                         q.start();
                                                                                       }) == errc::no_system;
    std::_Exit(right ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(copy, &status, 0) == copy);
  CHECK(status == 0);
  here.close();
  p.join();
  CHECK(p.exit_code() == 0);
}

TEST_CASE("the host program may wait for any child of its own and meets none of ours") {
  auto [here, there] = pipe();
  process p{stay, std::move(there)};
  p.start();
  (void)here.recv<int>();
  CHECK(::waitpid(-1, nullptr, 0) == -1);
  CHECK(errno == ECHILD);
  here.close();
}

#ifndef __SANITIZE_THREAD__  // it holds signals back from a thread that sleeps on a futex
TEST_CASE("waiting for a process goes on after signals") {
  static std::atomic<int> caught{0};
  const auto before = std::signal(SIGUSR1, [](int) { ++caught; });
  auto [here, there] = pipe();
  process p{stay, std::move(there)};
  p.start();
  (void)here.recv<int>();
  std::thread poking{[&line = here, waiting = ::pthread_self()] {
    for (int wanted = 1; wanted <= 100; ++wanted) {
      ::pthread_kill(waiting, SIGUSR1);
      while (caught < wanted) ::sched_yield();
    }
    line.close();
  }};
  p.join();
  poking.join();
  CHECK(p.exit_code() == 0);
  CHECK(caught == 100);
  (void)std::signal(SIGUSR1, before);
}
#endif

TEST_CASE("the number of processors is that which this process may use") {
  cpu_set_t all;
  REQUIRE(::sched_getaffinity(0, sizeof all, &all) == 0);
  CHECK(cpu_count() >= 1);
  CHECK(cpu_count() <= unsigned(CPU_COUNT(&all)));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i)
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  CHECK(cpu_count() == 1);
  REQUIRE(::sched_setaffinity(0, sizeof all, &all) == 0);
}

TEST_CASE("a process that executes another program can store nothing any more, and is waited for as before") {
  queue<int> q{1};
  process p{[](queue<int> to) {
              to.put(1);
              ::execl("/bin/sh", "sh", "-c", "exit 7", nullptr);
            },
            q};
  p.start();
  p.join();
  CHECK(p.exit_code() == 7);
  CHECK(q.get() == 1);
}

TEST_CASE("what a process holds passes on when it executes another program, though that runs") {
  value<long> v{1};
  auto [here, there] = pipe();
  process p{[](value<long> theirs, connection line) {
              theirs.lock();
              line.send(1);
              ::execl("/bin/sleep", "sleep", "1000", nullptr);
            },
            v, std::move(there)};
  p.start();
  CHECK(here.recv<int>() == 1);
  CHECK(error_of([&, &line = here] { (void)line.recv<int>(); }) == errc::end_of_stream);
  {
    const std::scoped_lock guard{v};
    CHECK(v.abandoned());
  }
  CHECK(p.is_alive());
  p.kill();
  p.join();
  CHECK(p.exit_code() == -SIGKILL);
}

TEST_CASE("a process whose main thread ended before the others is alive") {
  auto [here, there] = pipe();
  process p{[](connection line) {
              std::thread{[&line] {
                line.send(1);
                std::_Exit(line.recv<int>());
              }}.detach();
              (void)::syscall(SYS_exit, 3);  // of this thread alone
            },
            std::move(there)};
  p.start();
  (void)here.recv<int>();
  while (runs(p.pid().value())) ::sched_yield();  // until it looks like a zombie
  CHECK(p.is_alive());
  CHECK_FALSE(p.try_join_for(50ms));
  here.send(9);
  p.join();
  CHECK(p.exit_code() == 9);
}

TEST_CASE("a stopped process is alive, goes on when it is continued, and can be killed") {
  auto [here, there] = pipe();
  process p{[](connection line) {
              for (;;) line.send(line.recv<int>());
            },
            std::move(there)};
  p.start();
  const int pid = p.pid().value();
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  here.send(1);
  CHECK_FALSE(p.try_join_for(50ms));
  CHECK(p.is_alive());
  REQUIRE(::kill(pid, SIGCONT) == 0);
  CHECK(here.recv<int>() == 1);
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  p.kill();
  p.join();
  CHECK(p.exit_code() == -SIGKILL);
}

TEST_CASE("a raw copy that a process leaves behind is in nobody's way") {
  queue<int> copies;
  process p{[](queue<int> out) {
              const long copy = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
              if (copy == 0)
                for (;;) ::pause();
              out.put(static_cast<int>(copy));
            },
            copies};
  p.start();
  p.join();
  CHECK(p.exit_code() == 0);
  const int copy = copies.get();
  CHECK(runs(copy));
  CHECK(run(process{return_it, 4}) == 4);
  REQUIRE(::kill(copy, SIGKILL) == 0);
}
