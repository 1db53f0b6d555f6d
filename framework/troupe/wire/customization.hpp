#pragma once

#include "troupe/wire/load_archive.hpp"
#include "troupe/wire/save_archive.hpp"

#include <boost/serialization/access.hpp>
#include <boost/serialization/serialization.hpp>
#include <concepts>
#include <type_traits>

/// Finds out whether a class describes itself to Boost.Serialization: by a member `serialize`, possibly private, or by
/// a free function `serialize`. Both are templates without constraints, so asking "does the call compile" would be
/// answered with an error inside of them; these questions are answered by lookup and overload resolution alone.
namespace troupe::wire {

template <class Archive>
concept own_archive = std::same_as<Archive, save_archive> || std::same_as<Archive, load_archive>;

struct no_free_serialize {};

/// Does what Boost's catch-all `serialize` does: call the member. It has the same signature but is more constrained, so
/// it wins over Boost's and loses against every overload written for a certain type; its return type tells.
/// Found by argument-dependent lookup through the archive.
template <class Archive, class T>
  requires own_archive<Archive>
no_free_serialize serialize(Archive& ar, T& value, const unsigned int version) {
  boost::serialization::access::serialize(ar, value, version);
  return {};
}

namespace lookup {

// A function of its own, outside of any class, so that nothing hides the overloads found through the arguments.
template <class Archive, class T>
auto call(Archive& ar, T& value, const boost::serialization::version_type version)
    -> decltype(serialize(ar, value, version));

// Two bases with a member of one name make that name ambiguous, whatever kind of member it is and whoever may use it.
struct bait {
  int serialize;
};
template <class T>
struct trap : T, bait {};

}  // namespace lookup

template <class T, class Archive>
concept has_free_serialize =
    !std::same_as<decltype(lookup::call(std::declval<Archive&>(), std::declval<T&>(),
                                        std::declval<const boost::serialization::version_type>())),
                  no_free_serialize>;

template <class T>
concept has_public_serialize = requires(T& value, save_archive& ar) { value.serialize(ar, 0u); };

/// Any member named `serialize`, but for one: a private one in a final class cannot be seen from outside.
template <class T>
concept has_member_serialize = has_public_serialize<T>
    || (std::is_class_v<T> && !std::is_final_v<T> && !requires { &lookup::trap<T>::serialize; }
        && !requires { &T::serialize; });  // the last: a data member, or a function of another kind

template <class T>
concept describes_itself =
    (std::is_class_v<T> || std::is_union_v<T>) && (has_member_serialize<T> || has_free_serialize<T, save_archive>);

}  // namespace troupe::wire
