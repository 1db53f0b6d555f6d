#pragma once

#include "troupe/actor/actor_base.hpp"
#include "troupe/actor/dispatch.hpp"
#include "troupe/process/code_ref.hpp"
#include "troupe/wire/archive.hpp"
#include "troupe/wire/blank.hpp"

#include <memory>
#include <tuple>
#include <typeinfo>
#include <utility>

namespace troupe::actors {

/// A new actor, not running yet.
struct made_actor {
  std::unique_ptr<actor_base> object;
  const dispatch_table* table;
};

/// Decodes the constructor's arguments and makes the actor.
using spawn_function = made_actor (*)(wire::load_archive&);

/// The list of all classes of actors that this program can start in a node, filled before main. A code_ref that came
/// from outside is only called if it is one of these.
class spawn_point {
 public:
  spawn_point(spawn_function function, const std::type_info& type) noexcept;
  spawn_point(const spawn_point&) = delete;
  spawn_point& operator=(const spawn_point&) = delete;
  ~spawn_point() = default;

  [[nodiscard]] code_ref ref() const;
  [[nodiscard]] made_actor make(wire::load_archive& arguments) const { return function_(arguments); }
  /// The class of what it makes.
  [[nodiscard]] const std::type_info& type() const noexcept { return type_; }
  /// Throws errc::unknown_function.
  [[nodiscard]] static const spawn_point& find(const code_ref& ref);

 private:
  spawn_function function_;
  const std::type_info& type_;
  const spawn_point* next_;
};

/// Starts an `Actor` elsewhere with arguments that travel as `Stored`.
template <class Actor, class... Stored>
class typed_spawn {
 public:
  [[nodiscard]] static const code_ref& ref() {
    static const code_ref result = point_.ref();
    return result;
  }

 private:
  static made_actor make(wire::load_archive& from) {
    auto arguments = wire::make_blank<std::tuple<Stored...>>();
    from >> arguments;
    return std::apply(
        [](Stored&... each) { return made_actor{std::make_unique<Actor>(std::move(each)...), &dispatch_of<Actor>}; },
        arguments);
  }
  inline static const spawn_point point_{&typed_spawn::make, typeid(Actor)};
};

}  // namespace troupe::actors
