#pragma once

#include "troupe/wire/pointers.hpp"
#include "troupe/wire/type_identity.hpp"

#include <memory>
#include <type_traits>

/// Pointers. Two pointers to one object lead to one object after loading as well.
///
/// A raw pointer makes its receiver the owner of what it leads to, unless a smart pointer of the same message owns it.
/// Bytes can let any number of raw pointers lead to one object: a class that deletes what its raw pointer holds must
/// trust the sender. `std::unique_ptr` and `std::shared_ptr` need not.
namespace troupe::wire {

template <class T>
void describe_pointee(shape& s) {
  if constexpr (std::is_polymorphic_v<T>) {
    s.mix("polymorphic");  // the classes behind it are an open set
    s.may_carry_handles();
  } else {
    s.add<T>();
  }
}

template <class Pointer, class T>
struct pointer_codec {
  static_assert(std::is_object_v<T> && !std::is_array_v<T>, "troupe: only pointers to single objects can travel");
  using object = std::remove_cv_t<T>;
  static consteval std::size_t min_size() { return 4; }
  static consteval bool packed() { return false; }
  static void describe(shape& s) { describe_pointee<object>(s); }
};

template <class T>
  requires std::is_class_v<T>
struct codec<T*> : pointer_codec<T*, T> {
  using object = std::remove_cv_t<T>;
  static void save(save_archive& ar, const T* value) { save_pointer(ar, pointee_of<object>(value), holding::raw, {}); }
  static void load(load_archive& ar, T*& value) {
    value = static_cast<object*>(load_pointer(ar, class_of<object>, holding::raw).address);
  }
};

template <class T>
struct codec<std::unique_ptr<T>> : pointer_codec<std::unique_ptr<T>, T> {
  using object = std::remove_cv_t<T>;
  static void save(save_archive& ar, const std::unique_ptr<T>& value) {
    save_pointer(ar, pointee_of<object>(value.get()), holding::unique, {});
  }
  static void load(load_archive& ar, std::unique_ptr<T>& value) {
    value.reset(static_cast<object*>(load_pointer(ar, class_of<object>, holding::unique).address));
  }
};

template <class T>
struct codec<std::shared_ptr<T>> : pointer_codec<std::shared_ptr<T>, T> {
  using object = std::remove_cv_t<T>;
  static void save(save_archive& ar, const std::shared_ptr<T>& value) {
    save_pointer(ar, pointee_of<object>(value.get()), holding::shared, value);
  }
  static void load(load_archive& ar, std::shared_ptr<T>& value) {
    loaded_pointer loaded = load_pointer(ar, class_of<object>, holding::shared);
    value = std::shared_ptr<T>{std::move(loaded.shared), static_cast<object*>(loaded.address)};
  }
};

template <class T>
struct codec<std::weak_ptr<T>> : pointer_codec<std::weak_ptr<T>, T> {
  using object = std::remove_cv_t<T>;
  static void save(save_archive& ar, const std::weak_ptr<T>& value) {
    const std::shared_ptr<T> locked = value.lock();
    save_pointer(ar, pointee_of<object>(locked.get()), holding::weak, locked);
  }
  static void load(load_archive& ar, std::weak_ptr<T>& value) {
    loaded_pointer loaded = load_pointer(ar, class_of<object>, holding::weak);
    value = std::shared_ptr<T>{std::move(loaded.shared), static_cast<object*>(loaded.address)};
  }
};

}  // namespace troupe::wire
