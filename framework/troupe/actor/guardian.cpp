#include "troupe/actor/guardian.hpp"

#include "troupe/actor/node_core.hpp"
#include "troupe/actor/shell.hpp"
#include "troupe/actor/spawn_point.hpp"
#include "troupe/process/member.hpp"

namespace troupe::actors {

namespace {

std::string here() { return tree::describe(tree::self()); }

// As if the actor to be made had thrown it: the asker is to read of its class, not of the guardian.
std::string origin(const spawn_point& what) { return readable(what.type()) + " (being made in " + here() + ")"; }

const spawn_point& find(const spawn_request& request) {
  try {
    return spawn_point::find(request.what);
  } catch (...) {
    throw runtime::failure::of_current_exception(here());
  }
}

made_actor make(const spawn_point& what, const spawn_request& request) {
  try {
    wire::load_archive arguments{request.arguments};
    return what.make(arguments);
  } catch (...) {
    throw runtime::failure::of_current_exception(origin(what));
  }
}

}  // namespace

actor_address guardian::on(const spawn_request& request) {
  const spawn_point& what = find(request);
  made_actor made = make(what, request);
  try {
    return node_core::current().spawn(std::move(made.object), *made.table).address();
  } catch (const error& e) {
    if (e.code() == errc::closed) throw runtime::failure{errc::closed, e.what(), {}, {}};
    throw runtime::failure::of_current_exception(origin(what));
  }
}

}  // namespace troupe::actors
