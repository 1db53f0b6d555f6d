#pragma once

#include <cstdint>

namespace troupe::wire {

/// How a pointer holds its object.
enum class holding : std::uint8_t {
  raw,     ///< `T*`: knows the object
  unique,  ///< `std::unique_ptr`: the only owner
  shared,  ///< `std::shared_ptr`: one of the owners
  weak,    ///< `std::weak_ptr`: knows the object while owners live
};

/// What is known about an object that some pointer of the message led to. Both directions keep the same record and
/// apply the same rules, so that what one side writes the other reads, and what one side refuses never travels.
struct object_record {
  enum class state : std::uint8_t {
    unseen,    ///< no pointer led here yet
    declared,  ///< only weak pointers did: it has an id and exists, its content stands where its first owner is
    open,      ///< its content is being written or read
    complete,  ///< its content has been written or read
  };
  enum class owner : std::uint8_t { none, unique, shared };

  state now = state::unseen;
  owner owned_by = owner::none;
};

enum class pointer_step : std::uint8_t {
  nothing,             ///< the id is all there is
  create,              ///< the object's class and construction data follow the id
  create_and_content,  ///< and then its content
  content,             ///< its content follows the id
  refuse_cycle,        ///< an owner inside of what it owns: it could never be freed
  refuse_owners,       ///< a second owner of another kind, or a second unique one
  refuse_no_owner,     ///< a weak pointer, but no shared_ptr of this message owns the object (yet), or the reverse
};

/// What a pointer that holds an object in this way means, given what is known about the object; updates the record,
/// but for `open` -> `complete`, which the caller does when the content is done.
[[nodiscard]] pointer_step apply_pointer(object_record& record, holding how) noexcept;

/// The sentence for one of the refusals.
[[nodiscard]] const char* refusal(pointer_step step) noexcept;

}  // namespace troupe::wire
