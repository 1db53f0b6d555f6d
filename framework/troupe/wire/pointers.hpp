#pragma once

#include "troupe/wire/exported_class.hpp"
#include "troupe/wire/object_class.hpp"
#include "troupe/wire/pointer_rules.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

/// Pointers on the wire, for all classes at once. A pointer is the id of its object, counted from 1 in the order in
/// which pointers first lead to them, 0 for none; what follows the id is decided by `apply_pointer`.
namespace troupe::wire {

/// An object as a pointer of the message sees it.
struct pointee {
  const void* address;        // of the whole object; null for a null pointer
  const object_class* what;   // its dynamic class
  const exported_class* key;  // null if the pointer's class is not polymorphic: then both sides know the class
};

/// The objects that pointers of one message led to while saving.
class saved_objects {
 public:
  /// The id of the object, which is a new one if it was not met before. `pin` keeps the object alive for as long as its
  /// address stands for it.
  std::uint32_t id_of(const pointee& object, const std::shared_ptr<const void>& pin);
  [[nodiscard]] object_record& operator[](std::uint32_t id) noexcept { return entries_[id - 1].record; }

 private:
  struct entry {
    const void* address;
    const object_class* what;
    object_record record;
    std::shared_ptr<const void> pin;
  };
  using key = std::pair<const void*, const object_class*>;
  struct hash {
    std::size_t operator()(const key& k) const noexcept {
      return std::hash<const void*>{}(k.first) * 31 + std::hash<const void*>{}(k.second);
    }
  };
  static constexpr std::size_t searched_linearly = 16;

  std::vector<entry> entries_;
  std::unordered_map<key, std::uint32_t, hash> ids_;  // of all but the first few entries
};

/// The objects that pointers of one message led to while loading.
class loaded_objects {
 public:
  struct entry {
    object_record record;
    void* address = nullptr;  // of the whole object; null until it exists, and again once it is destroyed
    const object_class* what = nullptr;
    std::shared_ptr<void> shared;  // set if a shared_ptr or weak_ptr was met
  };
  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(entries_.size()); }
  [[nodiscard]] entry& operator[](std::uint32_t id) noexcept { return entries_[id - 1]; }
  std::uint32_t add(const object_class* what) {
    entries_.push_back({{}, nullptr, what, nullptr});
    return size();
  }

 private:
  std::vector<entry> entries_;
};

/// Throws `errc::invalid_argument` if the object's class was not exported, or the pointer breaks the rules.
void save_pointer(save_archive& ar, const pointee& object, holding how, const std::shared_ptr<const void>& pin);

/// What a loaded pointer leads to: `address` is that of the base that was asked for.
struct loaded_pointer {
  void* address = nullptr;
  std::shared_ptr<void> shared;
};
[[nodiscard]] loaded_pointer load_pointer(load_archive& ar, const object_class& wanted, holding how);

/// Throws `errc::invalid_argument` naming the class and BOOST_CLASS_EXPORT.
[[noreturn]] void throw_not_exported(const std::type_info& type, name_function base);

template <class T>
[[nodiscard]] pointee pointee_of(const T* object) {
  if constexpr (!std::is_polymorphic_v<T>) {
    return {object, &class_of<T>, nullptr};
  } else {
    if (object == nullptr) return {nullptr, nullptr, nullptr};
    const exported_class* found = nullptr;
    if constexpr (!std::is_abstract_v<T>) {
      if (typeid(*object) == typeid(T)) found = &exported<T>::entry;
    }
    if (found == nullptr) found = exported_class::find(typeid(*object));
    if (found == nullptr) throw_not_exported(typeid(*object), &type_name<T>);
    return {dynamic_cast<const void*>(object), &found->description(), found};
  }
}

}  // namespace troupe::wire
