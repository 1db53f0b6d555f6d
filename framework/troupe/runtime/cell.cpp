#include "troupe/runtime/cell.hpp"

#include "troupe/runtime/host.hpp"

#include <new>

namespace troupe::runtime {

using counted = caf::strong_actor_ptr;
static_assert(sizeof(counted) == sizeof(void*) && alignof(counted) == alignof(void*));

counted& cell_access::of(cell& handle) noexcept { return *std::launder(reinterpret_cast<counted*>(handle.raw_)); }

const counted& cell_access::of(const cell& handle) noexcept {
  return *std::launder(reinterpret_cast<const counted*>(handle.raw_));
}

cell cell_access::make(counted actor) noexcept {
  cell handle;
  of(handle).swap(actor);
  return handle;
}

namespace {

host& host_of(const cell& handle) { return *static_cast<host*>(cell_access::of(handle)->get()); }

}  // namespace

cell::cell() noexcept { ::new (static_cast<void*>(raw_)) counted; }

cell::cell(const cell& other) noexcept { ::new (static_cast<void*>(raw_)) counted(cell_access::of(other)); }

cell::cell(cell&& other) noexcept { ::new (static_cast<void*>(raw_)) counted(std::move(cell_access::of(other))); }

cell& cell::operator=(cell other) noexcept {
  cell_access::of(*this).swap(cell_access::of(other));
  return *this;
}

cell::~cell() { cell_access::of(*this).~counted(); }

cell::operator bool() const noexcept { return cell_access::of(*this) != nullptr; }

std::uint64_t cell::id() const noexcept { return *this ? host_of(*this).number() : 0; }

posted cell::post(envelope& message) const { return *this ? host_of(*this).post(message) : posted::gone; }

}  // namespace troupe::runtime
