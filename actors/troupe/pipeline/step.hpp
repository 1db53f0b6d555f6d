#pragma once

#include "troupe/pipeline/payload.hpp"

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace troupe::pipeline {

template <class T>
struct unwrapped {
  using type = T;
  static constexpr bool optional = false;
};
template <class T>
struct unwrapped<std::optional<T>> {
  using type = T;
  static constexpr bool optional = true;
};

template <class F, class In>
concept takes = std::invocable<F&, In&&>;

/// What a step function returns for an item, as a value.
template <class F, class In>
using returned = std::remove_cvref_t<std::invoke_result_t<F&, In&&>>;

/// What the next step gets: of an `std::optional<T>` T; an empty one drops the item.
template <class F, class In>
using yielded = typename unwrapped<returned<F, In>>::type;

/// One step of a worker, without its types.
class step {
 public:
  step() = default;
  step(const step&) = delete;
  step& operator=(const step&) = delete;
  virtual ~step() = default;
  /// None if the item is dropped. Throws what the user's function throws.
  [[nodiscard]] virtual payload apply(payload item) = 0;
};

/// `Function` is what is called: F, or the form in which F has travelled.
template <class F, class In, class Function>
class typed_step final : public step {
 public:
  explicit typed_step(Function function) : function_{std::move(function)} {}

  payload apply(payload item) override {
    using result = returned<F, In>;
    result value = function_(item.take<In>());
    if constexpr (unwrapped<result>::optional)
      return value ? payload::of<yielded<F, In>>(std::move(*value)) : payload{};
    else
      return payload::of<result>(std::move(value));
  }

 private:
  Function function_;
};

}  // namespace troupe::pipeline
