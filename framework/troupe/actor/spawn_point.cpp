#include "troupe/actor/spawn_point.hpp"

#include "troupe/base/error.hpp"

namespace troupe::actors {

namespace {

// Constant-initialised, so it is ready before any static constructor adds to it.
constinit const spawn_point* first = nullptr;

}  // namespace

spawn_point::spawn_point(spawn_function function, const std::type_info& type) noexcept
    : function_{function}
    , type_{type}
    , next_{first} {
  first = this;
}

code_ref spawn_point::ref() const { return code_ref::of(reinterpret_cast<const void*>(function_)); }

const spawn_point& spawn_point::find(const code_ref& ref) {
  const void* address = ref.resolve();
  for (const spawn_point* p = first; p != nullptr; p = p->next_)
    if (reinterpret_cast<const void*>(p->function_) == address) return *p;
  throw error{errc::unknown_function, "a node was asked to start something that is no actor of this program"};
}

}  // namespace troupe::actors
