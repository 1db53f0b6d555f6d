#pragma once

#include "troupe/wire/codec_associative.hpp"
#include "troupe/wire/elements.hpp"
#include "troupe/wire/type_identity.hpp"

#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/nvp.hpp>
#include <boost/unordered/unordered_map_fwd.hpp>
#include <boost/unordered/unordered_set_fwd.hpp>
#include <boost/variant/recursive_wrapper_fwd.hpp>
#include <boost/variant/variant_fwd.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

/// Boost's own little types, as `serialize` functions and Boost's container loaders hand them to an archive.
namespace troupe::wire {

/// A name and a value: the name does not travel.
template <class T>
struct codec<boost::serialization::nvp<T>> {
  static void save(save_archive& ar, const boost::serialization::nvp<T>& value) { ar << value.const_value(); }
  static void load(load_archive& ar, boost::serialization::nvp<T>& value) { ar >> value.value(); }
};

/// Elements whose number both sides know.
template <class T>
struct codec<boost::serialization::array_wrapper<T>> {
  using wrapper = boost::serialization::array_wrapper<T>;
  static void save(save_archive& ar, const wrapper& value) {
    save_elements(ar, const_cast<const T*>(value.address()), value.count());
  }
  static void load(load_archive& ar, wrapper& value) { load_elements(ar, value.address(), value.count()); }
};

/// The count of a container that Boost's loaders fill: they allocate from it, so it must not be larger than what is
/// left of the message (every element of such a container takes a byte at least, or there are but a few of them).
template <>
struct codec<boost::serialization::collection_size_type> {
  using type = boost::serialization::collection_size_type;
  static constexpr std::size_t few = 256;
  static void save(save_archive& ar, const type& value) { ar.save_count(value); }
  static void load(load_archive& ar, type& value) {
    const std::size_t count = ar.load_number<std::uint32_t>(&type_name<type>);
    if (count > ar.remaining() + few)
      ar.fail(&type_name<type>, "says " + std::to_string(count) + ", more than the message can hold");
    value = type{count};
  }
};

template <>
struct codec<boost::serialization::item_version_type> {
  using type = boost::serialization::item_version_type;
  static void save(save_archive& ar, const type& value) { ar.save_number(static_cast<std::uint32_t>(value)); }
  static void load(load_archive& ar, type& value) { value = type{ar.load_number<std::uint32_t>(&type_name<type>)}; }
};

/// As their likes in the standard library. Boost's own loader would allocate as many buckets as the message names.
template <class... Args>
struct codec<boost::unordered_set<Args...>> : set_codec<boost::unordered_set<Args...>> {};
template <class... Args>
struct codec<boost::unordered_multiset<Args...>> : set_codec<boost::unordered_multiset<Args...>> {};
template <class... Args>
struct codec<boost::unordered_map<Args...>> : map_codec<boost::unordered_map<Args...>> {};
template <class... Args>
struct codec<boost::unordered_multimap<Args...>> : map_codec<boost::unordered_multimap<Args...>> {};

/// As `std::variant`. Boost's own loader would do arithmetic on any index that the message names.
template <class First, class... Rest>
struct codec<boost::variant<First, Rest...>> {
  static_assert(sizeof...(Rest) < 255, "troupe: the index of a variant is one byte");
  using type = boost::variant<First, Rest...>;

  static void save(save_archive& ar, const type& value) {
    ar.save_number(static_cast<std::uint8_t>(value.which()));
    const saver visitor{ar};
    value.apply_visitor(visitor);
  }
  static void load(load_archive& ar, type& value) {
    const auto index = ar.load_number<std::uint8_t>(&type_name<type>);
    if (index > sizeof...(Rest)) ar.fail(&type_name<type>, "names alternative " + std::to_string(index));
    std::size_t at = 0;
    static_cast<void>((load_if<First>(ar, value, at++ == index) || ... || load_if<Rest>(ar, value, at++ == index)));
  }
  static consteval std::size_t min_size() { return 1; }
  static consteval bool packed() { return false; }
  static void describe(shape& s) {
    s.add<plain<First>>();
    (s.add<plain<Rest>>(), ...);
  }

 private:
  template <class T>
  struct unwrapped {
    using type = T;
  };
  template <class T>
  struct unwrapped<boost::recursive_wrapper<T>> {
    using type = T;
  };
  template <class T>
  using plain = typename unwrapped<T>::type;

  struct saver {
    using result_type = void;
    save_archive& ar;
    template <class T>
    void operator()(const T& alternative) const {
      save_element(ar, alternative);
    }
  };
  template <class Alternative>
  static bool load_if(load_archive& ar, type& value, bool it_is_this) {
    using loaded = plain<Alternative>;
    if (it_is_this) load_element<loaded>(ar, [&](loaded&& alternative) { value = std::move(alternative); });
    return it_is_this;
  }
};

}  // namespace troupe::wire
