#pragma once

#include "troupe/process/code_ref.hpp"

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// How a function and its arguments are kept and shipped to another process. Internal to `process` and `node`.
namespace troupe::tree {

/// A function pointer on its way to another process.
template <class Function>
struct shipped_function {
  Function function = nullptr;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    code_ref ref;
    if constexpr (Archive::is_saving::value) ref = code_ref::of(reinterpret_cast<const void*>(function));
    archive & ref;
    // reinterpret_cast: a function pointer of the same program, found in executable memory by resolve()
    if constexpr (Archive::is_loading::value) function = reinterpret_cast<Function>(const_cast<void*>(ref.resolve()));
  }
  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    return function(std::forward<Args>(args)...);
  }
};

/// A lambda without captures, or any stateless functor: only its type travels.
template <class F>
struct stateless {
  template <class Archive>
  void serialize(Archive&, unsigned) {}
  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    return F{}(std::forward<Args>(args)...);
  }
};

template <class F>
concept function_pointer = std::is_pointer_v<F> && std::is_function_v<std::remove_pointer_t<F>>;
template <class F>
concept stateless_functor = std::is_class_v<F> && std::is_empty_v<F> && std::default_initializable<F>;
/// A class that is not default constructible cannot be loaded: above all, a lambda with captures.
template <class F>
concept loadable_functor = std::is_class_v<F> && std::default_initializable<F>;

template <class F>
auto ship(F f) {
  if constexpr (function_pointer<F>)
    return shipped_function<F>{f};
  else if constexpr (stateless_functor<F>)
    return stateless<F>{};
  else
    return f;
}

// -- parameter lists -------------------------------------------------------------------------------------------------

/// The parameter types of a callable with one signature; `parameters<F>::known` is false for overloaded and generic
/// ones.
template <class F>
struct parameters {
  static constexpr bool known = false;
};
template <class R, class... Ps>
struct parameters<R (*)(Ps...)> {
  static constexpr bool known = true;
  using list = std::tuple<Ps...>;
};
template <class R, class... Ps>
struct parameters<R (*)(Ps...) noexcept> : parameters<R (*)(Ps...)> {};
template <class R, class C, class... Ps>
struct parameters<R (C::*)(Ps...) const> : parameters<R (*)(Ps...)> {};
template <class R, class C, class... Ps>
struct parameters<R (C::*)(Ps...) const noexcept> : parameters<R (*)(Ps...)> {};
template <class R, class C, class... Ps>
struct parameters<R (C::*)(Ps...)> : parameters<R (*)(Ps...)> {};
template <class F>
  requires requires { &F::operator(); }
struct parameters<F> : parameters<decltype(&F::operator())> {};

/// What an argument is stored as when the callable does not say: text is copied into a string.
template <class Arg>
using stored_argument =
    std::conditional_t<std::is_convertible_v<Arg, std::string_view> && !std::is_class_v<std::decay_t<Arg>>, std::string,
                       std::decay_t<Arg>>;

template <class F, class Args>
struct storage;
template <class F, class... Args>
  requires(parameters<F>::known)
struct storage<F, std::tuple<Args...>> {
  template <class>
  struct decayed;
  template <class... Ps>
  struct decayed<std::tuple<Ps...>> {
    using type = std::tuple<std::decay_t<Ps>...>;
  };
  using type = typename decayed<typename parameters<F>::list>::type;
  using calls = typename parameters<F>::list;
};
template <class F, class... Args>
  requires(!parameters<F>::known)
struct storage<F, std::tuple<Args...>> {
  using type = std::tuple<stored_argument<Args>...>;
  using calls = std::tuple<stored_argument<Args>&&...>;
};

/// Calls `f` with the stored arguments, each as its parameter wants it: moved, or by reference.
template <class F, class Stored, class... Ps>
decltype(auto) call(F& f, Stored& stored, std::tuple<Ps...>*) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
    return f(static_cast<Ps&&>(std::get<I>(stored))...);
  }(std::index_sequence_for<Ps...>{});
}

}  // namespace troupe::tree
