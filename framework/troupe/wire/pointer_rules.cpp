#include "troupe/wire/pointer_rules.hpp"

namespace troupe::wire {

namespace {

using state = object_record::state;
using owner = object_record::owner;

pointer_step first_sight(object_record& record, holding how) noexcept {
  record.now = how == holding::weak ? state::declared : state::open;
  record.owned_by = how == holding::raw ? owner::none : how == holding::unique ? owner::unique : owner::shared;
  return how == holding::weak ? pointer_step::create : pointer_step::create_and_content;
}

pointer_step declared_before(object_record& record, holding how) noexcept {
  if (how == holding::weak) return pointer_step::nothing;
  if (how != holding::shared) return pointer_step::refuse_no_owner;
  record.now = state::open;
  return pointer_step::content;
}

// An owner takes over an object that only raw pointers know.
pointer_step adopt(object_record& record, owner by) noexcept {
  if (record.owned_by != owner::none) return pointer_step::refuse_owners;
  record.owned_by = by;
  return pointer_step::nothing;
}

}  // namespace

pointer_step apply_pointer(object_record& record, holding how) noexcept {
  if (record.now == state::unseen) return first_sight(record, how);
  if (record.now == state::declared) return declared_before(record, how);
  switch (how) {
  case holding::raw: return pointer_step::nothing;
  case holding::weak: return record.owned_by == owner::shared ? pointer_step::nothing : pointer_step::refuse_no_owner;
  case holding::unique: return record.now == state::open ? pointer_step::refuse_cycle : adopt(record, owner::unique);
  case holding::shared:
    if (record.now == state::open) return pointer_step::refuse_cycle;
    return record.owned_by == owner::shared ? pointer_step::nothing : adopt(record, owner::shared);
  }
  return pointer_step::refuse_owners;
}

const char* refusal(pointer_step step) noexcept {
  switch (step) {
  case pointer_step::refuse_cycle:
    return "owns itself through a cycle of pointers and could never be freed; let the way back be a weak_ptr";
  case pointer_step::refuse_owners: return "has two owners that do not know of each other";
  default: return "is known to a weak_ptr or a raw pointer before the shared_ptr that owns it; put the owner first";
  }
}

}  // namespace troupe::wire
