#pragma once

#include "support/catch.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>

namespace troupe::test {

/// A process that is stopped all through a storm, half way through what it puts and sends. It must not be taken for
/// dead, and lose nothing.
class bystander {
 public:
  /// Returns once it is stopped.
  bystander() {
    auto [ours, theirs] = pipe();
    end_ = std::move(ours);
    process_ = process{live, items_, std::move(theirs)};
    process_.start();
    while (!is_stopped()) std::this_thread::yield();
    for (int i = 0; i < half; ++i) end_.send(i);
  }
  bystander(const bystander&) = delete;
  bystander& operator=(const bystander&) = delete;
  ~bystander() {
    if (process_.is_alive()) process_.kill();
  }

  void go_on_and_end() {
    REQUIRE(process_.is_alive());
    take_half(0);
    REQUIRE_FALSE(items_.try_get());
    REQUIRE_FALSE(end_.try_recv<int>());  // and no end of the stream
    REQUIRE(::kill(*process_.pid(), SIGCONT) == 0);
    take_half(half);
    process_.join();
    REQUIRE(process_.exit_code() == 0);
  }

 private:
  static constexpr int half = 100;

  static int live(queue<int> items, connection end) {
    for (int i = 0; i < 2 * half; ++i) {
      if (i == half) std::raise(SIGSTOP);
      items.put(i);
      end.send(i);
    }
    for (int i = 0; i < half; ++i)
      if (end.recv<int>() != i) return 1;
    return 0;
  }

  [[nodiscard]] bool is_stopped() const {
    std::ifstream file{"/proc/" + std::to_string(*process_.pid()) + "/stat"};
    const std::string stat{std::istreambuf_iterator<char>{file}, {}};
    return stat.at(stat.rfind(')') + 2) == 'T';
  }

  void take_half(int first) {
    for (int i = first; i < first + half; ++i) {
      REQUIRE(items_.get() == i);
      REQUIRE(end_.recv<int>() == i);
    }
  }

  queue<int> items_;
  connection end_;
  process process_{[] {}};
};

}  // namespace troupe::test
