#include "troupe/process/entry_point.hpp"

#include "troupe/base/error.hpp"

namespace troupe::tree {

namespace {

// Constant-initialised, so it is ready before any static constructor adds to it.
constinit const entry_point* first = nullptr;

}  // namespace

entry_point::entry_point(entry_function function) noexcept : function_{function}, next_{first} { first = this; }

code_ref entry_point::ref() const { return code_ref::of(reinterpret_cast<const void*>(function_)); }

entry_function entry_point::find(const code_ref& ref) {
  const void* address = ref.resolve();
  for (const entry_point* e = first; e != nullptr; e = e->next_)
    if (reinterpret_cast<const void*>(e->function_) == address) return e->function_;
  throw error{errc::unknown_function, "a process was asked to run something that is no entry point of this program"};
}

}  // namespace troupe::tree
