#pragma once

#include "troupe/wire/elements.hpp"
#include "troupe/wire/type_identity.hpp"

#include <algorithm>
#include <bitset>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

/// The small templates of the standard library: what may be absent, one of several, several together, times.
namespace troupe::wire {

template <class T>
struct codec<std::optional<T>> {
  static void save(save_archive& ar, const std::optional<T>& value) {
    ar << value.has_value();
    if (value) save_element(ar, *value);
  }
  static void load(load_archive& ar, std::optional<T>& value) {
    bool present{};
    ar >> present;
    if (!present) {
      value.reset();
    } else if constexpr (std::is_default_constructible_v<T>) {
      if (!value) value.emplace();
      ar >> *value;
    } else {
      load_element<T>(ar, [&](T&& loaded) { value.emplace(std::move(loaded)); });
    }
  }
  static consteval std::size_t min_size() { return 1; }
  static consteval bool packed() { return false; }
  static void describe(shape& s) { s.add<T>(); }
};

template <>
struct codec<std::monostate> {
  static void save(save_archive&, std::monostate) noexcept {}
  static void load(load_archive&, std::monostate&) noexcept {}
  static consteval std::size_t min_size() { return 0; }
  static consteval bool packed() { return false; }
  static void describe(shape&) {}
};

/// One byte says which alternative follows.
template <class... Ts>
struct codec<std::variant<Ts...>> {
  static_assert(sizeof...(Ts) < 256, "troupe: the index of a variant is one byte");
  using type = std::variant<Ts...>;

  static void save(save_archive& ar, const type& value) {
    ar.save_number(static_cast<std::uint8_t>(value.index()));
    std::visit([&](const auto& alternative) { save_element(ar, alternative); }, value);
  }
  static void load(load_archive& ar, type& value) {
    const auto index = ar.load_number<std::uint8_t>(&type_name<type>);
    if (index >= sizeof...(Ts)) ar.fail(&type_name<type>, "names alternative " + std::to_string(index));
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      static_cast<void>(((I == index && (load_alternative<I>(ar, value), true)) || ...));
    }(std::index_sequence_for<Ts...>{});
  }
  static consteval std::size_t min_size() { return 1 + std::min({codec<Ts>::min_size()...}); }
  static consteval bool packed() { return false; }
  static void describe(shape& s) { (s.add<Ts>(), ...); }

 private:
  template <std::size_t I>
  static void load_alternative(load_archive& ar, type& value) {
    using alternative = std::variant_alternative_t<I, type>;
    if constexpr (std::is_default_constructible_v<alternative>) {
      if (value.index() != I) value.template emplace<I>();
      ar >> std::get<I>(value);
    } else {
      load_element<alternative>(ar, [&](alternative&& loaded) { value.template emplace<I>(std::move(loaded)); });
    }
  }
};

/// Members side by side.
template <class... Ts>
struct codec<std::tuple<Ts...>> {
  static void save(save_archive& ar, const std::tuple<Ts...>& value) {
    std::apply([&](const auto&... members) { static_cast<void>((ar << ... << members)); }, value);
  }
  static void load(load_archive& ar, std::tuple<Ts...>& value) {
    std::apply([&](auto&... members) { static_cast<void>((ar >> ... >> members)); }, value);
  }
  static consteval std::size_t min_size() { return (codec<std::remove_cv_t<Ts>>::min_size() + ... + 0); }
  static consteval bool packed() { return false; }
  static void describe(shape& s) { (s.add<Ts>(), ...); }
};

template <class First, class Second>
struct codec<std::pair<First, Second>> {
  static void save(save_archive& ar, const std::pair<First, Second>& value) { ar << value.first << value.second; }
  static void load(load_archive& ar, std::pair<First, Second>& value) {
    ar >> const_cast<std::remove_cv_t<First>&>(value.first) >> value.second;  // maps call their keys const
  }
  static consteval std::size_t min_size() {
    return codec<std::remove_cv_t<First>>::min_size() + codec<Second>::min_size();
  }
  static consteval bool packed() { return false; }
  static void describe(shape& s) {
    s.add<First>();
    s.add<Second>();
  }
};

template <class T>
struct codec<std::complex<T>> {
  static void save(save_archive& ar, const std::complex<T>& value) { ar << value.real() << value.imag(); }
  static void load(load_archive& ar, std::complex<T>& value) {
    T real{};
    T imaginary{};
    ar >> real >> imaginary;
    value = {real, imaginary};
  }
  static consteval std::size_t min_size() { return 2 * sizeof(T); }
  static consteval bool packed() { return codec<T>::packed(); }
  static void describe(shape& s) { s.add<T>(); }
};

/// Eight bits to a byte, the lowest first; bits past the end are zero.
template <std::size_t N>
struct codec<std::bitset<N>> {
  static void save(save_archive& ar, const std::bitset<N>& value) {
    for (std::size_t at = 0; at < N; at += 8) {
      unsigned byte = 0;
      for (std::size_t bit = at; bit < N && bit < at + 8; ++bit) byte |= (value[bit] ? 1u : 0u) << (bit - at);
      ar.save_number(static_cast<std::uint8_t>(byte));
    }
  }
  static void load(load_archive& ar, std::bitset<N>& value) {
    for (std::size_t at = 0; at < N; at += 8) {
      const unsigned byte = ar.load_number<std::uint8_t>(&type_name<std::bitset<N>>);
      if (N - at < 8 && byte >> (N - at) != 0) ar.fail(&type_name<std::bitset<N>>, "has bits past its end");
      for (std::size_t bit = at; bit < N && bit < at + 8; ++bit) value[bit] = (byte >> (bit - at) & 1u) != 0;
    }
  }
  static consteval std::size_t min_size() { return (N + 7) / 8; }
  static consteval bool packed() { return false; }
  static void describe(shape&) {}
};

/// The count of ticks.
template <class Rep, class Period>
struct codec<std::chrono::duration<Rep, Period>> {
  using type = std::chrono::duration<Rep, Period>;
  static void save(save_archive& ar, const type& value) { ar << value.count(); }
  static void load(load_archive& ar, type& value) {
    Rep count{};
    ar >> count;
    value = type{count};
  }
  static consteval std::size_t min_size() { return codec<Rep>::min_size(); }
  static consteval bool packed() { return codec<Rep>::packed() && sizeof(type) == sizeof(Rep); }
  static void describe(shape&) {}
};

/// Since the clock's epoch. What that means to a receiver on another machine is the clock's business.
template <class Clock, class Duration>
struct codec<std::chrono::time_point<Clock, Duration>> {
  using type = std::chrono::time_point<Clock, Duration>;
  static void save(save_archive& ar, const type& value) { ar << value.time_since_epoch(); }
  static void load(load_archive& ar, type& value) {
    Duration since{};
    ar >> since;
    value = type{since};
  }
  static consteval std::size_t min_size() { return codec<Duration>::min_size(); }
  static consteval bool packed() { return codec<Duration>::packed() && sizeof(type) == sizeof(Duration); }
  static void describe(shape&) {}
};

}  // namespace troupe::wire
