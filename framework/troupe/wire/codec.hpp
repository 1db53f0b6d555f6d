#pragma once

#include <cstddef>
#include <string>

namespace troupe::wire {

class save_archive;
class load_archive;
class shape;

/// How one type travels. Every specialisation has these static functions; both directions of a type stand together:
///
///     void save(save_archive&, const T&);        // appends the wire form
///     void load(load_archive&, T&);              // checks everything it reads; throws errc::malformed
///     consteval std::size_t min_size();          // no value takes fewer bytes: bounds the counts of containers
///     consteval bool packed();                   // memory form == wire form for every value, on this machine
///     void describe(shape&);                     // the types it is made of, for the type's identity
///
/// The specialisations live in `codec_*.hpp`; `archive.hpp` includes them all and is what everyone else includes.
template <class T>
struct codec;

/// Nesting that may go on without end in the data (a list in a list in a list, a chain of pointers) is followed this
/// far, in both directions, so that hostile bytes cannot exhaust the stack.
inline constexpr std::size_t max_depth = 500;

/// Elements that take no byte at all (empty structs) are not bounded by the size of the message; so many are accepted
/// in one message.
inline constexpr std::size_t max_empty_elements = 65536;

/// The name of a type as it is spelled on every machine and by every compiler: `vector<int32>`, `string`, `bank::item`.
template <class T>
[[nodiscard]] std::string type_name();

using name_function = std::string (*)();

}  // namespace troupe::wire
