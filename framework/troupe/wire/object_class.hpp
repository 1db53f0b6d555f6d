#pragma once

#include "troupe/wire/codec_basic.hpp"

#include <boost/serialization/access.hpp>
#include <boost/serialization/extended_type_info_typeid.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/singleton.hpp>
#include <boost/serialization/type_info_implementation.hpp>
#include <boost/serialization/version.hpp>
#include <boost/serialization/void_cast.hpp>  // defines what base_object only declares
#include <memory>
#include <new>
#include <type_traits>
#include <typeinfo>

namespace troupe::wire {

/// Everything the pointer code needs to know about the class of an object, so that it can be written once for all
/// classes. The functions from `create` on are null for an abstract class.
struct object_class {
  name_function name;
  const std::type_info* type;
  /// Boost's record of a polymorphic class, from which pointers are cast to its bases; null for other classes.
  const boost::serialization::extended_type_info* (*casts)();
  void* (*create)(load_archive&);  ///< reads the construction data, if any
  void (*destroy)(void*);
  std::shared_ptr<void> (*share)(void*);  ///< takes the object over
  void (*save_construction)(save_archive&, const void*);
  void (*save_content)(save_archive&, const void*);
  void (*load_content)(load_archive&, void*);
};

namespace objects {

template <class T>
inline constexpr unsigned version_of = static_cast<unsigned>(boost::serialization::version<T>::value);

// Memory as `delete` will expect it.
template <class T>
void* allocate() {
  if constexpr (requires { T::operator new(sizeof(T)); })
    return T::operator new(sizeof(T));
  else if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    return ::operator new(sizeof(T), std::align_val_t{alignof(T)});
  else
    return ::operator new(sizeof(T));
}
template <class T>
void release(void* memory) noexcept {
  if constexpr (requires { T::operator delete(memory); })
    T::operator delete(memory);
  else if constexpr (alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__)
    ::operator delete(memory, std::align_val_t{alignof(T)});
  else
    ::operator delete(memory);
}

template <class T>
void* create(load_archive& ar) {
  if constexpr (describes_itself<T>) {
    std::unique_ptr<void, void (*)(void*) noexcept> memory{allocate<T>(), &release<T>};
    boost::serialization::load_construct_data_adl(ar, static_cast<T*>(memory.get()), version_of<T>);
    return memory.release();
  } else {
    return new T();
  }
}

template <class T>
void destroy(void* object) {
  boost::serialization::access::destroy(static_cast<const T*>(object));
}

template <class T>
std::shared_ptr<void> share(void* object) {
  if constexpr (std::is_destructible_v<T>)
    return std::shared_ptr<T>{static_cast<T*>(object)};
  else
    return std::shared_ptr<T>{static_cast<T*>(object), [](T* last) { destroy<T>(last); }};
}

template <class T>
void save_construction(save_archive& ar, const void* object) {
  if constexpr (describes_itself<T>)
    boost::serialization::save_construct_data_adl(ar, static_cast<const T*>(object), version_of<T>);
}
template <class T>
void save_content(save_archive& ar, const void* object) {
  ar << *static_cast<const T*>(object);
}
template <class T>
void load_content(load_archive& ar, void* object) {
  ar >> *static_cast<T*>(object);
}

template <class T>
const boost::serialization::extended_type_info* casts() {
  return &boost::serialization::singleton<
      typename boost::serialization::type_info_implementation<T>::type>::get_const_instance();
}

template <class T>
constexpr object_class describe() {
  object_class c{};
  c.name = &type_name<T>;
  c.type = &typeid(T);
  if constexpr (std::is_polymorphic_v<T>) c.casts = &casts<T>;
  if constexpr (!std::is_abstract_v<T>) {
    c.create = &create<T>;
    c.destroy = &destroy<T>;
    c.share = &share<T>;
    c.save_construction = &save_construction<T>;
    c.save_content = &save_content<T>;
    c.load_content = &load_content<T>;
  }
  return c;
}

}  // namespace objects

template <class T>
inline constexpr object_class class_of = objects::describe<T>();

}  // namespace troupe::wire
