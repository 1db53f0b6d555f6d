#pragma once

#include "troupe/process/callable.hpp"
#include "troupe/wire/blank.hpp"

#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

/// Step functions on their way to a worker.
namespace troupe::pipeline {

/// Whether a step function can travel to another process.
template <class F>
concept portable = tree::function_pointer<F> || tree::loadable_functor<F>;

/// The function of one step, or nothing where the receiving worker does not carry out that step. One that cannot travel
/// may still be handed to workers of the same process.
template <class F>
class carried {
 public:
  using shipped = decltype(tree::ship(std::declval<F>()));

  carried() = default;
  explicit carried(F function) : function_{tree::ship(std::move(function))} {}

  [[nodiscard]] explicit operator bool() const noexcept { return function_.has_value(); }
  [[nodiscard]] shipped& operator*() { return *function_; }
  void drop() { function_.reset(); }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (portable<F>) {
      bool there = function_.has_value();
      archive & there;
      if constexpr (Archive::is_loading::value)
        if (there) function_.emplace(wire::make_blank<shipped>());
      if (!there) return;
      shipped& function = *function_;
      archive & function;
    }
  }

 private:
  std::optional<shipped> function_;
};

/// The functions of all steps, as the constructor argument of a worker.
template <class... Fs>
struct carried_chain {
  std::tuple<carried<Fs>...> functions{};

  /// Drops all but steps [first, last).
  void keep(std::size_t first, std::size_t last) {
    std::size_t at = 0;
    each([&](auto& function) {
      if (at < first || at >= last) function.drop();
      ++at;
    });
  }
  template <class Visit>
  void each(Visit visit) {
    std::apply([&](auto&... function) { (visit(function), ...); }, functions);
  }
  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    each([&](auto& function) { archive & function; });
  }
};

}  // namespace troupe::pipeline
