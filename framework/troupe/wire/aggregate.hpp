#pragma once

#include <boost/pfr.hpp>
#include <boost/pfr/detail/core17_generated.hpp>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

/// The fields of a plain aggregate, by the structured bindings of Boost.PFR. Counting the fields is done here, because
/// PFR's count knows no C arrays, and because its questions make clang look into constructors that cannot be
/// instantiated (those of a vector of move-only elements).
namespace troupe::wire {

namespace fields {

// Stands for a field's initialiser of any type but the aggregate itself (which would be a copy). A prvalue: the field's
// constructors are never looked at.
template <class T>
struct anything {
  template <class Field>
    requires(!std::same_as<std::remove_cv_t<Field>, T>)
  operator Field() const noexcept;
};
// Converts to bases only.
template <class T>
struct any_base {
  template <class Base>
    requires(std::is_base_of_v<Base, T> && !std::same_as<std::remove_cv_t<Base>, T>)
  operator Base() const noexcept;
};

template <class T>
concept has_base = requires { T{any_base<T>{}}; };

template <class T, class Values>
inline constexpr bool takes_values = false;
template <class T, std::size_t... I>
inline constexpr bool takes_values<T, std::index_sequence<I...>> =
    requires { T{(static_cast<void>(I), anything<T>{})...}; };
/// Can T be initialised by so many values?
template <class T, std::size_t Count>
inline constexpr bool takes = takes_values<T, std::make_index_sequence<Count>>;

template <class T, class Before, class After>
inline constexpr bool takes_braces = false;
template <class T, std::size_t... Before, std::size_t... After>
inline constexpr bool takes_braces<T, std::index_sequence<Before...>, std::index_sequence<After...>> =
    requires { T{(static_cast<void>(Before), anything<T>{})..., {}, (static_cast<void>(After), anything<T>{})...}; };
/// And by `Before` values, a pair of braces, which stands for one whole field, and `After` values?
template <class T, std::size_t Before, std::size_t After>
inline constexpr bool takes_with_braces =
    takes_braces<T, std::make_index_sequence<Before>, std::make_index_sequence<After>>;

// The largest count in [Low, High] for which the question is answered with yes; Low is known to be.
template <template <std::size_t> class Question, std::size_t Low, std::size_t High>
consteval std::size_t largest() {
  if constexpr (Low == High) {
    return Low;
  } else {
    constexpr std::size_t middle = Low + (High - Low + 1) / 2;
    if constexpr (Question<middle>::value)
      return largest<Question, middle, High>();
    else
      return largest<Question, Low, middle - 1>();
  }
}

template <class T>
struct questions {
  template <std::size_t Count>
  using values = std::bool_constant<takes<T, Count>>;
  template <std::size_t At>
  struct braces_at {
    template <std::size_t After>
    using values_after = std::bool_constant<takes_with_braces<T, At, After>>;
  };
};

// Braces around the elements of arrays may be left out, so an array takes as many values as it has elements. From the
// first count that is enough (fields without a default need a value) to the largest there are no gaps.
template <class T, std::size_t From = 0, std::size_t Step = 1>
consteval std::size_t count_values() {
  if constexpr (!takes<T, From>)
    return count_values<T, From + 1>();
  else if constexpr (takes<T, From + Step>)
    return count_values<T, From + Step, 2 * Step>();
  else
    return largest<questions<T>::template values, From, From + Step - 1>();
}

// How many of the values belong to the field that starts at value `At`: those that a pair of braces stands for.
template <class T, std::size_t Values, std::size_t At>
consteval std::size_t size_at() {
  if constexpr (takes_with_braces<T, At, Values - At - 1> || !takes_with_braces<T, At, 0>)
    return 1;
  else
    return Values - At - largest<questions<T>::template braces_at<At>::template values_after, 0, Values - At - 1>();
}

template <class T, std::size_t Values, std::size_t At = 0>
consteval std::size_t count() {
  if constexpr (At >= Values)
    return 0;
  else
    return 1 + count<T, Values, At + size_at<T, Values, At>()>();
}

}  // namespace fields

template <class T>
inline constexpr std::size_t field_count = fields::count<T, fields::count_values<T>()>();

namespace fields {

// PFR's public functions count for themselves; the function below them takes our count.
template <class T>
constexpr auto tie(T& value) {
  return boost::pfr::detail::tie_as_tuple(value, boost::pfr::detail::size_t_<field_count<T>>{});
}
template <class T, std::size_t I>
using type = std::remove_reference_t<decltype(boost::pfr::detail::sequence_tuple::get<I>(
    std::declval<decltype(fields::tie(std::declval<T&>()))&>()))>;

}  // namespace fields

/// Calls `f(field)` for each field in the order of declaration.
template <class T, class F>
constexpr void for_each_field(T& value, F&& f) {
  auto all = fields::tie(const_cast<std::remove_const_t<T>&>(value));
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (f(boost::pfr::detail::sequence_tuple::get<I>(all)), ...);
  }(std::make_index_sequence<field_count<std::remove_const_t<T>>>{});
}

/// Calls `f.template operator()<Field>()` for each field type in the order of declaration.
template <class T, class F>
constexpr void for_each_field_type(F&& f) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (f.template operator()<fields::type<T, I>>(), ...);
  }(std::make_index_sequence<field_count<T>>{});
}

}  // namespace troupe::wire
