#pragma once

#include "troupe/actor/actor_base.hpp"
#include "troupe/actor/dispatch.hpp"
#include "troupe/runtime/behaviour.hpp"

#include <memory>
#include <set>
#include <string>
#include <typeinfo>

namespace troupe::actors {

class node_core;

/// The name of a class as its author wrote it.
[[nodiscard]] std::string readable(const std::type_info& type);

/// Runs one user-defined actor inside the engine: picks the handler, and keeps every exception in.
class shell final : public runtime::behaviour {
 public:
  shell(node_core& home, std::unique_ptr<actor_base> object, const dispatch_table& table) noexcept;

  [[nodiscard]] runtime::verdict started(const runtime::cell& self) noexcept override;
  [[nodiscard]] runtime::verdict receive(runtime::envelope& mail) noexcept override;
  void stopped() noexcept override;

  // For the actor, in its own handlers.
  void request_stop() noexcept { stopping_ = true; }
  [[nodiscard]] any_ref self() const;
  void watch(const any_ref& whom);

 private:
  [[nodiscard]] bool accept(runtime::envelope& mail) noexcept;
  void handle(runtime::envelope& mail) noexcept;
  void fall(const char* where) noexcept;
  [[nodiscard]] runtime::verdict goes_on() const noexcept;
  [[nodiscard]] std::string name() const;

  node_core& home_;
  std::unique_ptr<actor_base> object_;
  const dispatch_table& table_;
  actor_address address_;                             // nobody before `started`
  std::unique_ptr<std::set<actor_address>> watched_;  // since it started; null before the first
  bool stopping_ = false;
  runtime::failure reason_;  // why it stopped; the default for `stop()`
};

}  // namespace troupe::actors
