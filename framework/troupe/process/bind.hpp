#pragma once

#include "troupe/process/callable.hpp"
#include "troupe/wire/blank.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace troupe {

namespace tree {

/// A callable with the first of its arguments.
template <class Shipped, class Stored>
class bound {
 public:
  /// To load into.
  bound() : function_{wire::make_blank<Shipped>()}, arguments_{wire::make_blank<Stored>()} {}
  template <class... Args>
  explicit bound(Shipped function, std::in_place_t, Args&&... args)
      : function_{std::move(function)}
      , arguments_{std::forward<Args>(args)...} {}

  /// The bound arguments are moved: it is called once.
  template <class... Rest>
  decltype(auto) operator()(Rest&&... rest) {
    return std::apply(
        [&](auto&... first) -> decltype(auto) { return function_(std::move(first)..., std::forward<Rest>(rest)...); },
        arguments_);
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & function_ & arguments_;
  }

 private:
  Shipped function_;
  Stored arguments_;
};

}  // namespace tree

/// A callable for `process` from another one and the first of its arguments, to be called with the rest: what a lambda
/// would capture. `f` is what a process can run: a function, a lambda without captures, or a serializable functor.
///
///     auto twice = troupe::bind(&scale, 2.0);
///     troupe::process p{twice, values};  // scale(2.0, values)
template <class F, class... Args>
[[nodiscard]] auto bind(F&& f, Args&&... args) {
  using callable = std::decay_t<F>;
  static_assert(tree::function_pointer<callable> || tree::loadable_functor<callable>,
                "this callable cannot travel to another process: a lambda must not capture (pass what it captures as"
                " arguments), a functor must be default constructible and serializable");
  using shipped = decltype(tree::ship(std::declval<callable>()));
  using stored = std::tuple<tree::stored_argument<Args>...>;
  return tree::bound<shipped, stored>{tree::ship(callable(std::forward<F>(f))), std::in_place,
                                      std::forward<Args>(args)...};
}

}  // namespace troupe
