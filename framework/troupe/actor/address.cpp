#include "troupe/actor/address.hpp"

#include "troupe/process/member.hpp"

namespace troupe {

std::string describe(const actor_address& who) {
  if (!who) return "no actor";
  return "actor " + std::to_string(who.actor) + " of " + tree::describe(who.process);
}

}  // namespace troupe
