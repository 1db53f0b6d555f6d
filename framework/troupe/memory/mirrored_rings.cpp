#include "troupe/memory/mirrored_rings.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/sealed_file.hpp"

#include <string>
#include <sys/mman.h>
#include <utility>

namespace troupe::memory {

mirrored_rings mirrored_rings::create(std::string_view name, std::size_t rings, std::size_t ring_bytes) {
  const std::size_t size = header_bytes + rings * ring_bytes;
  mirrored_rings made;
  made.file_ = sealed_file::create(name, size, size);
  made.map(rings, ring_bytes);
  return made;
}

mirrored_rings mirrored_rings::attach(unique_fd file, std::size_t rings, std::size_t ring_bytes) {
  if (sealed_file::checked_size(file) != header_bytes + rings * ring_bytes)
    throw error{errc::malformed, "a shared memory file is not of the size that its rings need"};
  mirrored_rings made;
  made.file_ = std::move(file);
  made.map(rings, ring_bytes);
  return made;
}

mirrored_rings::mirrored_rings(mirrored_rings&& other) noexcept { *this = std::move(other); }

mirrored_rings& mirrored_rings::operator=(mirrored_rings&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(base_, other.base_);
  std::swap(mapped_, other.mapped_);
  std::swap(ring_bytes_, other.ring_bytes_);
  return *this;
}

mirrored_rings::~mirrored_rings() {
  if (base_ != nullptr) ::munmap(base_, mapped_);
}

void mirrored_rings::map(std::size_t rings, std::size_t ring_bytes) {
  ring_bytes_ = ring_bytes;
  const std::size_t wanted = header_bytes + rings * 2 * ring_bytes;
  // The address range first, so that the pieces can be put side by side into it.
  void* where = ::mmap(nullptr, wanted, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (where == MAP_FAILED) throw_errno("mmap", std::to_string(wanted) + " bytes of address space");
  base_ = static_cast<std::byte*>(where);
  mapped_ = wanted;
  const auto show = [this](std::size_t at, std::size_t offset, std::size_t length) {
    if (::mmap(base_ + at, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd(), static_cast<off_t>(offset))
        == MAP_FAILED)
      throw_errno("mmap", std::to_string(length) + " bytes of shared memory");
  };
  show(0, 0, header_bytes);
  for (std::size_t i = 0; i < rings; ++i) {
    show(header_bytes + 2 * i * ring_bytes, header_bytes + i * ring_bytes, ring_bytes);
    show(header_bytes + (2 * i + 1) * ring_bytes, header_bytes + i * ring_bytes, ring_bytes);
  }
  (void)::madvise(base_, mapped_, MADV_DONTDUMP);
}

}  // namespace troupe::memory
