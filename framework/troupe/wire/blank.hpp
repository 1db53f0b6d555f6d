#pragma once

#include <tuple>
#include <type_traits>

namespace troupe::wire {

/// Tag of a constructor that makes an object only to be loaded into: for types whose default constructor does real
/// work, such as a queue, which would make shared memory and throw it away again.
struct blank_t {
  explicit blank_t() = default;
};

template <class T>
struct is_tuple : std::false_type {};
template <class... Ts>
struct is_tuple<std::tuple<Ts...>> : std::true_type {};

/// A `T` to load into: its blank form if it has one, else default constructed.
template <class T>
[[nodiscard]] T make_blank() {
  if constexpr (std::is_constructible_v<T, blank_t>)
    return T(blank_t{});
  else if constexpr (is_tuple<T>::value)
    return []<class... Ts>(std::tuple<Ts...>*) { return T{make_blank<Ts>()...}; }(static_cast<T*>(nullptr));
  else
    return T{};
}

}  // namespace troupe::wire
