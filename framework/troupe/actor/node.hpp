#pragma once

#include "troupe/actor/ref.hpp"
#include "troupe/actor/spawn_point.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/process/callable.hpp"
#include "troupe/wire/buffer.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

/// How a node is started.
struct node_options {
  std::string name{};           ///< for error texts and listings; empty: one is made up
  unsigned threads = 1;         ///< that run its actors
  std::size_t mailbox = 65536;  ///< messages that wait for one of its actors
};

/// A process that hosts actors. Made by `system::start_node`, owned by the process that made it; destroying it stops
/// the node and waits for its end; in a copy that fork() made it does nothing. Move-only. `spawn` may be called from
/// several threads at once, the rest by one.
class node {
 public:
  node(node&&) noexcept;
  node& operator=(node&&) noexcept;
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  ~node();

  /// Starts an actor there; the arguments of its constructor are serialized, text as std::string. Blocks until it is
  /// made. Throws `remote_error`, whose origin names the class and the node, if its constructor throws,
  /// errc::process_died if the node ended, errc::closed if it is ending.
  template <class Actor, class... Args>
  ref<typename Actor::api> spawn(Args&&... args) const& {
    static_assert(std::derived_from<Actor, actors::actor_base>,
                  "only classes that derive from troupe::actor can be spawned");
    constexpr bool fits = std::is_constructible_v<Actor, tree::stored_argument<Args>...>;
    static_assert(fits, "this actor has no constructor that takes these arguments");
    if constexpr (fits) {
      using point = actors::typed_spawn<Actor, tree::stored_argument<Args>...>;
      const std::tuple<tree::stored_argument<Args>...> arguments{std::forward<Args>(args)...};
      return ref<typename Actor::api>{spawn_erased(point::ref(), wire::encode(arguments))};
    } else {
      return {};
    }
  }
  /// A node that is no variable ends at once, and the actor with it.
  template <class Actor, class... Args>
  ref<typename Actor::api> spawn(Args&&... args) const&& = delete;

  /// Ends it in an orderly way: its actors finish the message they handle. Does not wait.
  void stop();
  /// Sends SIGTERM, which ends it at once.
  void terminate();
  /// Sends SIGKILL.
  void kill();
  /// Blocks until it ended.
  void join();
  /// False if it still runs after `limit`.
  [[nodiscard]] bool try_join_for(time_span limit);
  /// Whether it has ended.
  [[nodiscard]] bool try_join();

  [[nodiscard]] bool is_alive();
  /// N for an exit with code N, -N for a death by signal N; nothing before it ended. 0 after `stop`.
  [[nodiscard]] std::optional<int> exit_code();
  [[nodiscard]] int pid() const;
  [[nodiscard]] const std::string& name() const;

 private:
  friend class system;
  explicit node(node_options options);
  [[nodiscard]] actors::any_ref spawn_erased(const code_ref& what, const wire::buffer& arguments) const;

  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace troupe
