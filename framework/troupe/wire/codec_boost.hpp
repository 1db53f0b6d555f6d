#pragma once

#include "troupe/wire/elements.hpp"
#include "troupe/wire/type_identity.hpp"

#include <boost/serialization/array_wrapper.hpp>
#include <boost/serialization/collection_size_type.hpp>
#include <boost/serialization/item_version_type.hpp>
#include <boost/serialization/nvp.hpp>
#include <cstddef>
#include <cstdint>

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
  static constexpr std::size_t few = 1024;
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

}  // namespace troupe::wire
