#include "troupe/transport/shared_memory.hpp"

#include "troupe/base/birth_time.hpp"
#include "troupe/base/error.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/memory/sealed_file.hpp"
#include "troupe/transport/shared_name.hpp"

#include <utility>

namespace troupe {

struct shared_memory::segment {
  birth_time born;
  memory::region region;
  std::size_t size;
  std::optional<transport::shared_name> name;  // the last: it ends before the memory does

  segment(memory::region made, std::size_t bytes, unique_fd listener) : region{std::move(made)}, size{bytes} {
    if (listener) name.emplace(std::move(listener), region.fd(), size);
  }
};

namespace {

constexpr std::size_t largest = std::size_t{1} << 46;  // what a process can address at all

memory::region make(std::size_t size, const shared_memory_options& options) {
  if (size == 0) throw error{errc::invalid_argument, "shared memory of 0 bytes was asked for: it has at least 1"};
  if (size > largest)
    throw error{errc::out_of_memory,
                std::to_string(size) + " bytes of shared memory are more than a process can address"};
  return memory::region::create("shared_memory", size, options.sparse ? 0 : size);
}

void check_inside(std::size_t offset, std::size_t count, std::size_t size) {
  if (offset > size || count > size - offset)
    throw error{errc::invalid_argument, std::to_string(count) + " bytes from " + std::to_string(offset)
                                            + " on are not inside of shared memory of " + std::to_string(size)
                                            + " bytes"};
}

}  // namespace

shared_memory shared_memory::create(std::size_t size, const shared_memory_options& options) {
  return shared_memory{std::make_shared<segment>(make(size, options), size, unique_fd{})};
}

shared_memory shared_memory::create(std::string_view name, std::size_t size, const shared_memory_options& options) {
  memory::region made = make(size, options);  // first: who opens the name finds the memory
  return shared_memory{std::make_shared<segment>(std::move(made), size, transport::shared_name::claim(name))};
}

shared_memory shared_memory::open(std::string_view name) { return std::move(*open_until(name, deadline::never())); }

std::optional<shared_memory> shared_memory::open_until(std::string_view name, deadline limit) {
  auto offer = transport::shared_name::ask(name, limit);
  if (!offer) return std::nullopt;
  return shared_memory{attach(std::move(offer->memory), offer->size, std::move(offer->listener))};
}

std::shared_ptr<shared_memory::segment> shared_memory::attach(unique_fd memory, std::uint64_t size,
                                                              unique_fd listener) {
  memory::region region = memory::region::attach(std::move(memory));
  if (size == 0 || size > region.size())
    throw error{errc::malformed, "a handle of shared memory speaks of " + std::to_string(size)
                                     + " bytes, but there are " + std::to_string(region.size())};
  return std::make_shared<segment>(std::move(region), size, std::move(listener));
}

shared_memory::papers shared_memory::show() const {
  const segment& s = opened();
  return {s.size, s.name.has_value(), s.region.checked_fd(), s.name ? s.name->listener() : -1};
}

shared_memory::segment& shared_memory::opened() const {
  if (segment_ == nullptr) throw error{errc::closed, "this handle of shared memory was closed"};
  segment_->born.check("shared memory");
  return *segment_;
}

std::span<std::byte> shared_memory::bytes() const { return {opened().region.data(), opened().size}; }

const std::string& shared_memory::name() const {
  static const std::string none;
  const segment& s = opened();
  return s.name ? s.name->text() : none;
}

void shared_memory::allocate(std::size_t offset, std::size_t count) {
  check_inside(offset, count, size());
  opened().region.allocate(offset, count);
}

void shared_memory::release(std::size_t offset, std::size_t count) {
  check_inside(offset, count, size());
  // The kernel would set the rest of a first and last page to zero.
  const std::size_t page = memory::sealed_file::whole_pages(1);
  const std::size_t first = memory::sealed_file::whole_pages(offset);
  const std::size_t last = (offset + count) / page * page;
  if (first < last) opened().region.release(first, last - first);
}

}  // namespace troupe
