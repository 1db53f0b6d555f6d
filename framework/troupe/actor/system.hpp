#pragma once

#include "troupe/actor/dispatch.hpp"
#include "troupe/actor/node.hpp"
#include "troupe/actor/ref.hpp"
#include "troupe/base/deadline.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace troupe {

struct system_options {
  unsigned threads = 0;                             ///< that run actors; 0: one for each processor
  std::size_t mailbox = 65536;                      ///< messages that wait for one actor
  time_span inbox_wait = std::chrono::seconds{10};  ///< for room in the inbox of another process
};

/// The first line of `main`, or of the `try` block in it. It makes this process the first of a tree, and forks the
/// server that starts all others; a child runs its function inside the constructor and exits there. Its destructor ends
/// the actors of this process, terminates its daemons, waits for its other children, and leaves those alone that go on
/// when orphaned. In a copy that fork() made it does nothing.
///
/// A program that uses no actors has no threads; a process's actor threads start with its first actor.
class system {
 public:
  /// Throws errc::already_started if there is one, errc::unsupported if there are threads or the kernel is too old.
  explicit system(system_options options = {});
  system(const system&) = delete;
  system& operator=(const system&) = delete;
  ~system();

  /// Starts an actor in this process. Throws what its constructor throws, and errc::closed when the system is ending.
  template <class Actor, class... Args>
  ref<typename Actor::api> spawn(Args&&... args) {
    static_assert(std::derived_from<Actor, actors::actor_base>,
                  "only classes that derive from troupe::actor can be spawned");
    constexpr bool fits = std::is_constructible_v<Actor, Args...>;
    static_assert(fits, "this actor has no constructor that takes these arguments");
    if constexpr (fits)
      return ref<typename Actor::api>{
          spawn_erased(std::make_unique<Actor>(std::forward<Args>(args)...), actors::dispatch_of<Actor>)};
    else
      return {};
  }

  /// Starts a child process with an actor system of its own. Returns at once; the first `spawn` there waits for it.
  /// Throws errc::start_failed.
  [[nodiscard]] node start_node(node_options options = {});

 private:
  [[nodiscard]] static actors::any_ref spawn_erased(std::unique_ptr<actors::actor_base> object,
                                                    const actors::dispatch_table& table);
  struct state;
  std::unique_ptr<state> state_;
};

/// The system of this process, also in a child. Throws errc::no_system if there is none.
[[nodiscard]] system& this_system();

}  // namespace troupe
