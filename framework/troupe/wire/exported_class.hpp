#pragma once

#include "troupe/wire/object_class.hpp"

#include <boost/archive/detail/register_archive.hpp>
#include <boost/serialization/extended_type_info.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>

namespace troupe::wire {

/// A polymorphic class whose objects can be sent through pointers to their bases, with the key that names it in
/// messages. Entries are made before main and stay: the library that holds one must not be unloaded.
class exported_class {
 public:
  exported_class(const object_class& description, std::string key);
  exported_class(const exported_class&) = delete;
  exported_class& operator=(const exported_class&) = delete;

  [[nodiscard]] const object_class& description() const noexcept { return description_; }
  [[nodiscard]] const std::string& key() const noexcept { return key_; }

  /// Null if no class was exported under this key. Thread-safe.
  [[nodiscard]] static const exported_class* find(std::string_view key) noexcept;
  /// Null if objects of this class were not exported. Thread-safe.
  [[nodiscard]] static const exported_class* find(const std::type_info& type) noexcept;

 private:
  const object_class& description_;
  std::string key_;
  const exported_class* next_by_key_ = nullptr;   // written once, before the table shows this entry
  const exported_class* next_by_type_ = nullptr;  // likewise
};

/// Its one entry exists in every program in which some code names it. The key is the one given to BOOST_CLASS_EXPORT,
/// or the class name where a class travels without (through pointers to itself, or after `register_type`).
template <class T>
struct exported {
  static std::string key() {
    if constexpr (boost::serialization::guid_defined<T>::value)
      return boost::serialization::guid<T>();
    else
      return type_name<T>();
  }
  static inline const exported_class entry{class_of<T>, key()};
};

template <auto*>
struct instantiated;

template <class T>
void save_archive::register_type(T*) const noexcept {
  if constexpr (std::is_polymorphic_v<T> && !std::is_abstract_v<T>) static_cast<void>(&exported<T>::entry);
}
template <class T>
void load_archive::register_type(T*) const noexcept {
  if constexpr (std::is_polymorphic_v<T> && !std::is_abstract_v<T>) static_cast<void>(&exported<T>::entry);
}

}  // namespace troupe::wire

// This is how BOOST_CLASS_EXPORT finds its way here: for each exported class it instantiates the template below, for
// each archive that is registered. One of our two archives is enough, an entry serves both directions.
namespace boost::archive::detail {

template <class T>
struct ptr_serialization_support<troupe::wire::save_archive, T> {
  [[gnu::used]] static void instantiate() { static_cast<void>(&troupe::wire::exported<T>::entry); }
  using made = troupe::wire::instantiated<&ptr_serialization_support::instantiate>;
};

}  // namespace boost::archive::detail

BOOST_SERIALIZATION_REGISTER_ARCHIVE(troupe::wire::save_archive)
