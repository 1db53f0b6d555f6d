#include "troupe/actor/guardian.hpp"

#include "troupe/actor/node_core.hpp"
#include "troupe/actor/spawn_point.hpp"

namespace troupe::actors {

actor_address guardian::on(const spawn_request& request) {
  const spawn_function make = spawn_point::find(request.what);
  wire::load_archive arguments{request.arguments};
  made_actor made = make(arguments);
  return node_core::current().spawn(std::move(made.object), *made.table).address();
}

}  // namespace troupe::actors
