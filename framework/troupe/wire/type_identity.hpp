#pragma once

#include "troupe/wire/codec.hpp"
#include "troupe/wire/type_name.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace troupe::wire {

/// Says which type a message is of. `hash` covers the name and, through all members of aggregates and elements of
/// containers, the shape; a class with a `serialize` of its own counts by name and class version. Equal on every
/// machine and for every compiler that builds the same types.
struct type_identity {
  std::uint64_t hash;
  std::string_view name;
  bool may_carry_handles;  ///< somewhere in it is a class with a `serialize`, which may save file descriptors
};

/// Collects what a type is made of into one hash. Each type is described once; when it comes again (recursive types do)
/// only its place in the order counts.
class shape {
 public:
  template <class T>
  void add() {
    using plain = std::remove_cv_t<T>;
    if (!enter(&key<plain>, &type_name<plain>)) return;
    codec<plain>::describe(*this);
    mix(")");
  }
  void mix(std::string_view text) noexcept;
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  void may_carry_handles() noexcept { may_carry_handles_ = true; }
  [[nodiscard]] type_identity named(std::string_view name) const noexcept { return {hash_, name, may_carry_handles_}; }

 private:
  template <class T>
  static inline const char key = 0;  // its address stands for the type

  bool enter(const void* type, name_function name);

  std::uint64_t hash_ = 14695981039346656037u;  // FNV-1a, 64 bits
  bool may_carry_handles_ = false;
  std::vector<const void*> seen_;
};

/// A type that this program knows by name; they form a list that only grows.
class known_type {
 public:
  known_type(const shape& whole, std::string name);
  known_type(const known_type&) = delete;
  known_type& operator=(const known_type&) = delete;

  [[nodiscard]] const type_identity& identity() const noexcept { return identity_; }
  [[nodiscard]] const known_type* next() const noexcept { return next_; }

 private:
  std::string name_;
  type_identity identity_;
  const known_type* next_;  // written once, before the list shows this entry
};

template <class T>
const type_identity& identity_of();

/// Makes each type that is ever asked for its identity known from the start of the program.
template <class T>
struct known_from_start {
  static inline const type_identity& identity = identity_of<T>();
};

/// The identity of `T`. Thread-safe; cheap after the first call.
template <class T>
[[nodiscard]] const type_identity& identity_of() {
  static_cast<void>(&known_from_start<T>::identity);
  static const known_type& entry = *[] {  // never destroyed: names may be asked for until the very end
    shape whole;
    whole.add<T>();
    return new known_type{whole, type_name<T>()};
  }();
  return entry.identity();
}

/// The name of the type with this hash if this program knows it, else "an unknown type (hash 0x...)".
[[nodiscard]] std::string name_of_type(std::uint64_t hash);

/// Throws `errc::type_mismatch` naming both types.
[[noreturn]] void throw_type_mismatch(std::uint64_t expected, std::uint64_t arrived);

/// Throws `errc::type_mismatch`, naming both types, unless the hashes are equal.
inline void check_type(std::uint64_t expected, std::uint64_t arrived) {
  if (expected != arrived) throw_type_mismatch(expected, arrived);
}

}  // namespace troupe::wire
