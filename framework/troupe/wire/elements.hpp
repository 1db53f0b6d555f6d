#pragma once

#include "troupe/wire/customization.hpp"
#include "troupe/wire/load_archive.hpp"
#include "troupe/wire/save_archive.hpp"

#include <boost/serialization/serialization.hpp>
#include <boost/serialization/version.hpp>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

/// Runs of elements, and single ones on their way into a container.
namespace troupe::wire {

/// `count` elements that lie side by side, without a count; one block if the element allows it.
template <class T>
void save_elements(save_archive& ar, const T* first, std::size_t count) {
  if constexpr (codec<T>::packed()) {
    ar.save_binary(first, count * sizeof(T));
  } else {
    for (const T* end = first + count; first != end; ++first) ar << *first;
  }
}

template <class T>
void load_elements(load_archive& ar, T* first, std::size_t count) {
  if constexpr (codec<T>::packed()) {
    const std::byte* from = ar.take(count * sizeof(T), &type_name<T>);
    if (count != 0) std::memcpy(static_cast<void*>(first), from, count * sizeof(T));
  } else {
    for (T* end = first + count; first != end; ++first) ar >> *first;
  }
}

/// One element of a container. A type without a default constructor is preceded by what its author's
/// `save_construct_data` writes (by default nothing), as in Boost's containers.
template <class T>
void save_element(save_archive& ar, const T& value) {
  [[maybe_unused]] const std::size_t before = ar.size();
  if constexpr (!std::is_default_constructible_v<T>) {
    boost::serialization::save_construct_data_adl(ar, std::addressof(value),
                                                  static_cast<unsigned>(boost::serialization::version<T>::value));
  }
  ar << value;
  if constexpr (codec<T>::min_size() == 0) ar.count_element(before);
}

/// An object in the making, in storage of its own, for types whose construction is their author's business.
template <class T>
class constructed {
 public:
  static_assert(describes_itself<T>,
                "troupe: this type cannot be received: give it a default constructor, or a Boost serialize and a "
                "load_construct_data");

  explicit constructed(load_archive& ar) {
    if constexpr (describes_itself<T>)
      boost::serialization::load_construct_data_adl(ar, get(),
                                                    static_cast<unsigned>(boost::serialization::version<T>::value));
  }
  constructed(const constructed&) = delete;
  constructed& operator=(const constructed&) = delete;
  ~constructed() { std::destroy_at(get()); }
  [[nodiscard]] T* get() noexcept { return std::launder(reinterpret_cast<T*>(storage_)); }

 private:
  alignas(T) std::byte storage_[sizeof(T)];
};

/// Reads one element and passes it to `place`, which moves it into the container.
template <class T, class Place>
void load_element(load_archive& ar, Place&& place) {
  [[maybe_unused]] const std::size_t before = ar.offset();
  if constexpr (std::is_default_constructible_v<T>) {
    T value{};
    ar >> value;
    place(std::move(value));
  } else {
    constructed<T> value{ar};
    ar >> *value.get();
    place(std::move(*value.get()));
  }
  if constexpr (codec<T>::min_size() == 0) ar.count_element(before, &type_name<T>);
}

}  // namespace troupe::wire
