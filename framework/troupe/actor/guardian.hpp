#pragma once

#include "troupe/actor/actor.hpp"
#include "troupe/process/code_ref.hpp"

#include <cstddef>
#include <functional>
#include <vector>

namespace troupe::actors {

/// Starts an actor in the guardian's process.
struct spawn_request {
  using reply = actor_address;
  code_ref what;                     // a spawn_point
  std::vector<std::byte> arguments;  // as it decodes them
};
/// Ends the guardian's process.
struct end_request {};
struct guardian_api : protocol<spawn_request, end_request> {};

/// The first actor of a node, through which others start actors there.
class guardian final : public actor<guardian_api> {
 public:
  explicit guardian(std::function<void()> end) : end_{std::move(end)} {}
  actor_address on(const spawn_request& request);
  void on(const end_request&) { end_(); }

 private:
  std::function<void()> end_;
};

}  // namespace troupe::actors
