#pragma once

#include "troupe/wire/aggregate.hpp"
#include "troupe/wire/customization.hpp"
#include "troupe/wire/elements.hpp"
#include "troupe/wire/type_identity.hpp"

#include <boost/serialization/level.hpp>
#include <boost/serialization/version.hpp>
#include <cstddef>
#include <cstdint>
#include <type_traits>

/// The codecs of everything that is not a template of the standard library: numbers, `bool`, enums, arrays, classes
/// that describe themselves to Boost.Serialization, plain aggregates.
namespace troupe::wire {

/// A class without a description of its own, all of whose fields are public.
template <class T>
concept plain_aggregate = std::is_class_v<T> && std::is_aggregate_v<T> && !describes_itself<T>;

template <class T>
concept not_supported =
    !number<T> && !std::same_as<T, bool> && !std::is_enum_v<T> && !describes_itself<T> && !plain_aggregate<T>;

/// One English sentence for all that cannot travel, and nothing behind it: the rest of the codec is plausible.
template <class T>
  requires not_supported<T>
struct codec<T> {
  static void save(save_archive&, const T&) { explain(); }
  static void load(load_archive&, T&) { explain(); }
  static consteval std::size_t min_size() { return 0; }
  static consteval bool packed() { return false; }
  static void describe(shape&) { explain(); }

 private:
  static void explain() {
    constexpr bool is_long_double = std::same_as<T, long double>;
    constexpr bool is_pointer = std::is_pointer_v<T>;
    static_assert(!is_long_double, "troupe: long double is another format on each architecture; send a double");
    static_assert(!is_pointer, "troupe: this pointer means nothing in another process; point to an object of a class, "
                               "or send a value");
    static_assert(is_long_double || is_pointer,
                  "troupe: this type cannot travel: make it a plain aggregate (all fields public, no constructor), or "
                  "give it a Boost serialize member or function");
  }
};

template <number T>
struct codec<T> {
  static void save(save_archive& ar, T value) noexcept { ar.save_number(value); }
  static void load(load_archive& ar, T& value) { value = ar.load_number<T>(&type_name<T>); }
  static consteval std::size_t min_size() { return sizeof(T); }
  static consteval bool packed() { return little_endian || sizeof(T) == 1; }
  static void describe(shape&) {}
};

template <>
struct codec<bool> {
  static void save(save_archive& ar, bool value) noexcept { ar.save_number(static_cast<std::uint8_t>(value ? 1 : 0)); }
  static void load(load_archive& ar, bool& value) {
    const auto byte = ar.load_number<std::uint8_t>(&type_name<bool>);
    if (byte > 1) ar.fail(&type_name<bool>, "is neither 0 nor 1");
    value = byte == 1;
  }
  static consteval std::size_t min_size() { return 1; }
  static consteval bool packed() { return false; }  // any other byte would be an invalid bool
  static void describe(shape&) {}
};

/// By the underlying type. Any value of that type is accepted, which the language allows for enums that name the type
/// (`enum e : int`, `enum class`). An old enum without should not be read from strangers: it cannot be asked which
/// values it allows, and what other values do is undefined.
template <class T>
  requires std::is_enum_v<T>
struct codec<T> {
  using underlying = std::underlying_type_t<T>;
  static void save(save_archive& ar, T value) { ar << static_cast<underlying>(value); }
  static void load(load_archive& ar, T& value) {
    underlying number{};
    ar >> number;
    value = static_cast<T>(number);
  }
  static consteval std::size_t min_size() { return sizeof(T); }
  static consteval bool packed() { return codec<underlying>::packed(); }
  static void describe(shape& s) { s.add<underlying>(); }
};

template <class T, std::size_t N>
struct codec<T[N]> {
  static void save(save_archive& ar, const T (&value)[N]) { save_elements(ar, value, N); }
  static void load(load_archive& ar, T (&value)[N]) { load_elements(ar, value, N); }
  static consteval std::size_t min_size() { return N * codec<T>::min_size(); }
  static consteval bool packed() { return codec<T>::packed(); }
  static void describe(shape& s) { s.add<T>(); }
};

/// A class with a Boost `serialize`. One byte of class version stands before it, unless the author lowered its
/// implementation level to say that the layout never changes.
template <describes_itself T>
struct codec<T> {
  static constexpr bool versioned = static_cast<int>(boost::serialization::implementation_level<T>::value)
                                    >= static_cast<int>(boost::serialization::object_class_info);
  static constexpr unsigned current = static_cast<unsigned>(boost::serialization::version<T>::value);
  static_assert(current < 256, "troupe: a class version is one byte");

  static void save(save_archive& ar, const T& value) {
    const save_archive::nested level{ar};
    if constexpr (versioned) ar.save_number(static_cast<std::uint8_t>(current));
    boost::serialization::serialize_adl(ar, const_cast<T&>(value), current);
  }
  static void load(load_archive& ar, T& value) {
    const load_archive::nested level{ar, &type_name<T>};
    unsigned written = current;
    if constexpr (versioned) written = ar.load_number<std::uint8_t>(&type_name<T>);
    if (written > current)
      ar.fail(&type_name<T>, "has class version " + std::to_string(written) + ", newer than this program's "
                                 + std::to_string(current));
    boost::serialization::serialize_adl(ar, value, written);
  }
  static consteval std::size_t min_size() { return versioned ? 1 : 0; }
  static consteval bool packed() { return false; }
  static void describe(shape& s) {
    s.mix("version " + std::to_string(current));
    s.may_carry_handles();
  }
};

/// Field after field, nothing between them.
template <plain_aggregate T>
struct codec<T> {
  static_assert(!fields::has_base<T>,
                "troupe: an aggregate with a base class needs a serialize (use boost::serialization::base_object)");

  static void save(save_archive& ar, const T& value) {
    if constexpr (packed())
      ar.save_binary(&value, sizeof value);
    else
      for_each_field(value, [&](const auto& field) { ar << field; });
  }
  static void load(load_archive& ar, T& value) {
    if constexpr (packed())
      std::memcpy(static_cast<void*>(&value), ar.take(sizeof value, &type_name<T>), sizeof value);
    else
      for_each_field(value, [&](auto& field) { ar >> field; });
  }
  static consteval std::size_t min_size() {
    std::size_t sum = 0;
    for_each_field_type<T>([&]<class Field>() { sum += codec<std::remove_cv_t<Field>>::min_size(); });
    return sum;
  }
  static consteval bool packed() {
    if constexpr (!std::is_trivially_copyable_v<T> || std::is_empty_v<T>) {
      return false;
    } else {
      bool all = true;
      for_each_field_type<T>([&]<class Field>() { all = all && codec<std::remove_cv_t<Field>>::packed(); });
      return all && min_size() == sizeof(T);
    }
  }
  static void describe(shape& s) {
    for_each_field_type<T>([&]<class Field>() { s.add<Field>(); });
  }
};

}  // namespace troupe::wire
