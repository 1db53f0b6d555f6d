#pragma once

#include "support/catch.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"

#include <utility>

/// Consumers that are killed with what they have taken.
namespace troupe::test {

/// In the consumer: takes something, says so, and waits to be killed.
template <class Take>
void take_and_wait(Take take, connection& report) {
  [[maybe_unused]] const auto item = take();
  report.send(true);
  (void)report.recv<bool>();
}

/// Runs `body(queue, connection)` as a process until it has reported, and kills it.
template <class Body, class Queue>
void kill_once_it_has_taken(Body body, const Queue& from) {
  auto [ours, theirs] = pipe();
  process taker{process_options{.name = "taker"}, body, from, std::move(theirs)};
  taker.start();
  REQUIRE(ours.template recv<bool>());
  taker.kill();
  taker.join();
}

}  // namespace troupe::test
