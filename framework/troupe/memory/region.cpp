#include "troupe/memory/region.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/sealed_file.hpp"

#include <cerrno>
#include <string>
#include <sys/mman.h>
#include <utility>

namespace troupe::memory {

region region::create(std::string_view name, std::size_t size, std::size_t allocated) {
  return create(name, size, allocated, size);
}

region region::create(std::string_view name, std::size_t size, std::size_t allocated, std::size_t mapped) {
  region made;
  made.file_ = std::make_shared<const unique_fd>(sealed_file::create(name, size, allocated));
  made.size_ = sealed_file::whole_pages(mapped);
  made.map();
  return made;
}

region region::attach(unique_fd file, std::size_t offset, std::size_t size) {
  const std::size_t total = sealed_file::checked_size(file);
  if (offset >= total || size > total - offset)
    throw error{errc::malformed, "a shared memory file ends before the slice that was asked for"};
  region made;
  made.file_ = std::make_shared<const unique_fd>(std::move(file));
  made.offset_ = offset;
  made.size_ = size == 0 ? total - offset : size;
  made.map();
  return made;
}

region region::slice(std::size_t offset, std::size_t size) const {
  region made;
  made.file_ = file_;
  made.offset_ = offset;
  made.size_ = size;
  made.map();
  return made;
}

region::region(region&& other) noexcept { *this = std::move(other); }

region& region::operator=(region&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(offset_, other.offset_);
  std::swap(size_, other.size_);
  std::swap(data_, other.data_);
  return *this;
}

region::~region() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

int region::checked_fd() const { return file_->checked("shared memory"); }

void region::allocate(std::size_t offset, std::size_t length) const {
  (void)checked_fd();
  sealed_file::allocate(*file_, offset_ + offset, length);
}

void region::release(std::size_t offset, std::size_t length) const noexcept {
  // A refusal keeps the memory, which is harmless: it is allocated again before its next use anyway.
  // Through the mapping, which cannot become that of another file.
  (void)::madvise(data_ + offset, length, MADV_REMOVE);
}

void region::map() {
  void* where = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, checked_fd(), static_cast<off_t>(offset_));
  if (where == MAP_FAILED && errno == ENOMEM)
    throw error{errc::out_of_memory,
                "this process has no room for " + std::to_string(size_) + " bytes of shared memory"};
  if (where == MAP_FAILED) throw_errno("mmap", std::to_string(size_) + " bytes of shared memory");
  data_ = static_cast<std::byte*>(where);
  (void)::madvise(data_, size_, MADV_DONTDUMP);  // a core file of a small program must not hold gigabytes of queue
}

}  // namespace troupe::memory
