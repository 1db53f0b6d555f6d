// Processes that start, wait for and serve others, killed at every instruction.
#include "support/catch.hpp"
#include "support/footprint.hpp"
#include "support/kill_at_every_instruction.hpp"
#include "support/run.hpp"
#include "support/stepped_process.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <cstdlib>
#include <random>
#include <sched.h>
#include <thread>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

void say_one_and_stay(connection line) {
  line.send(1);
  (void)line.recv<int>();
}

/// Everything that came until the stream ended.
std::size_t count_to_end(connection& from) {
  std::size_t count = 0;
  try {
    for (;; ++count) (void)from.recv<int>();
  } catch (const error& e) {
    REQUIRE(e.code() == errc::end_of_stream);
  }
  return count;
}

pid_t waiting_fork_server() {
  for (;; ::sched_yield())
    if (const int pid = waiting_server("troupe-server")) return pid;
}

}  // namespace

TEST_CASE("a process killed at any instruction of starting another one takes it along", "[every_instruction]") {
  kill_at_every_instruction({.operation = "start of a process", .repeatable = false, .kills = 300}, [](victim& victim) {
    auto [here, there] = pipe();
    victim.run(
        [](marks marks, connection line) {
          (void)run(process{return_it, 1});
          process child{say_one_and_stay, std::move(line)};
          marks.around([&] { child.start(); });
        },
        std::move(there));
    CHECK(count_to_end(here) <= 1);  // the stream ends, so nobody is left who could send
    CHECK(run(process{return_it, 2}) == 2);
    return outcome::unknown;
  });
}

TEST_CASE("a process killed at any instruction of waiting for another one leaves nothing", "[every_instruction]") {
  kill_at_every_instruction({.operation = "join of a process", .repeatable = false, .kills = 300}, [](victim& victim) {
    auto [here, there] = pipe(simplex);
    victim.run(
        [](marks marks, connection line) {
          (void)run(process{return_it, 1});
          process child{[](connection to) { to.send(1); }, std::move(line)};
          child.start();
          marks.around([&] { child.join(); });
        },
        std::move(there));
    CHECK(count_to_end(here) <= 1);
    CHECK(run(process{return_it, 2}) == 2);
    return outcome::unknown;
  });
}

namespace {

constexpr auto answer_time = 20s;  // for anything that happens at once

/// Steps, and no breakpoints: a child that the server forks would inherit them. Returns the number of steps.
std::size_t run_up_to(stepped_process& server, std::size_t most) {
  std::size_t done = 0;
  while (done < most && server.step(true) == stepped_process::stop::instruction) ++done;
  return done;
}

/// This thread and a process on one processor: a step is two switches between them, which takes longer between two.
class same_processor {
 public:
  explicit same_processor(pid_t pid) {
    (void)::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &one);
    (void)::sched_setaffinity(0, sizeof one, &one);
    (void)::sched_setaffinity(pid, sizeof one, &one);
  }
  same_processor(const same_processor&) = delete;
  same_processor& operator=(const same_processor&) = delete;
  ~same_processor() { (void)::sched_setaffinity(0, sizeof before_, &before_); }

 private:
  cpu_set_t before_{};
};

}  // namespace

namespace {

/// The fork server is stopped where it waits for something to do; `Scene::cause` gives it that; it is killed so many
/// instructions later; `Scene::check` looks at what came of it.
template <class Scene>
void kill_server_within(const char* what) {
  if (const char* reason = why_not_steppable()) {
    WARN("not stepped: " << reason);
    return;
  }
  (void)run(process{return_it, 1});
  const footprint before = footprint::now();
  const bool every_one = std::getenv("TROUPE_EVERY_INSTRUCTION") != nullptr;
  std::mt19937 random{std::random_device{}()};
  std::size_t steps = 0;   // as the first round counts them
  std::size_t kills = 20;  // then so many rounds
  for (std::size_t round = 0; round <= kills; ++round) {
    Scene scene{static_cast<int>(round % 100)};
    stepped_process server;
    const pid_t pid = waiting_fork_server();
    if (!server.seize(pid)) {
      WARN("not stepped: this user may not trace");
      return;
    }
    server.interrupt();
    scene.cause();
    std::size_t done = 0;
    {
      const same_processor quick{pid};
      const std::size_t most = round == 0 ? ~std::size_t{0} : every_one ? round - 1 : random() % steps;
      done = run_up_to(server, most);
    }
    server.kill();
    if (round == 0) steps = done;
    if (every_one) kills = steps;
    CAPTURE(round, done, steps);
    scene.check();
  }
  WARN("the fork server was killed " << kills << " times within the " << steps << " steps of " << what);
  CHECK(footprint::settled_within(before).is_within(before));
}

/// A process is started from another thread.
class one_start {
 public:
  explicit one_start(int code) : code_{code} {}
  void cause() {
    asker_ = std::thread{[this] {
      process child{[](queue<int> out, connection end) {
                      out.put(1);
                      return end.recv<int>();
                    },
                    started_, std::move(line_.second)};
      child.start();
      child.join();
      end_ = child.exit_code().value();
    }};
  }
  void check() {
    const auto first = started_.try_get_for(answer_time);
    CHECK(first == 1);
    if (first) line_.first.send(code_);
    asker_.join();
    CHECK(end_ == code_);
    CHECK(started_.empty());
  }

 private:
  int code_;
  queue<int> started_;
  std::pair<connection, connection> line_ = pipe();
  std::thread asker_;
  int end_ = -1;
};

/// A process with a child of its own ends.
class one_end {
 public:
  explicit one_end(int code) : code_{code} {
    process earlier{return_it, 0};
    earlier.start();
    child_.start();
    earlier.join();
    earlier.close();
    line_.first.send(0);  // now the orphan gets a row before that of its parent
    REQUIRE(line_.first.recv<int>() == 1);
    REQUIRE(orphans_.first.recv<int>() == 1);
  }
  void cause() { line_.first.send(code_); }
  void check() {
    CHECK(child_.try_join_for(answer_time));
    CHECK(child_.exit_code() == code_);
    CHECK(count_to_end(orphans_.first) == 0);  // the orphan was ended
  }

 private:
  int code_;
  std::pair<connection, connection> line_ = pipe();
  std::pair<connection, connection> orphans_ = pipe();
  process child_{[](connection end, connection orphans) {
                   (void)end.recv<int>();
                   process orphan{say_one_and_stay, std::move(orphans)};
                   orphan.start();
                   end.send(1);
                   std::_Exit(end.recv<int>());
                 },
                 std::move(line_.second), std::move(orphans_.second)};
};

}  // namespace

TEST_CASE("a process is started exactly once, wherever the fork server is killed meanwhile", "[every_instruction]") {
  kill_server_within<one_start>("a start");
}

TEST_CASE("how a process ended is known, and its orphans end, wherever the fork server is killed meanwhile",
          "[every_instruction]") {
  kill_server_within<one_end>("an end");
}
