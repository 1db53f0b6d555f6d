#include "troupe/memory/region.hpp"

#include "troupe/base/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <limits>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace troupe::memory {

namespace {

constexpr int required_seals = F_SEAL_SHRINK | F_SEAL_GROW;

std::size_t whole_pages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

// Below this, asking the system first would cost more than it is worth.
constexpr std::size_t large_request = std::size_t{16} << 20;

/// What the machine could still give, or the largest number if it does not say.
std::size_t available_memory() {
  std::ifstream table{"/proc/meminfo"};
  for (std::string key; table >> key;) {
    std::size_t kilobytes = 0;
    if (key == "MemAvailable:" && table >> kilobytes) return kilobytes << 10;
    table.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::numeric_limits<std::size_t>::max();
}

[[noreturn]] void throw_out_of_memory(std::size_t length) {
  throw error{errc::out_of_memory, "no " + std::to_string(length) + " bytes of shared memory are left on this machine"};
}

}  // namespace

region region::create(std::string_view name, std::size_t size, std::size_t allocated) {
  return create(name, size, allocated, size);
}

region region::create(std::string_view name, std::size_t size, std::size_t allocated, std::size_t mapped) {
  const std::string label{name};
  region made;
  unique_fd file{::memfd_create(label.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!file) throw_errno("memfd_create", label);
  made.file_ = std::make_shared<const unique_fd>(std::move(file));
  if (::ftruncate(made.fd(), static_cast<off_t>(whole_pages(size))) != 0) throw_errno("ftruncate", label);
  made.size_ = whole_pages(mapped);
  made.allocate(0, whole_pages(allocated));
  if (::fcntl(made.fd(), F_ADD_SEALS, required_seals | F_SEAL_SEAL) != 0) throw_errno("fcntl F_ADD_SEALS", label);
  made.map();
  return made;
}

region region::attach(unique_fd file, std::size_t offset, std::size_t size) {
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  struct stat info{};
  if (seals < 0 || (seals & required_seals) != required_seals || ::fstat(file.get(), &info) != 0)
    throw error{errc::malformed, "a shared memory handle is no sealed memory file; it was not made by troupe"};
  const auto total = static_cast<std::size_t>(info.st_size);
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

void region::allocate(std::size_t offset, std::size_t length) const {
  if (length == 0) return;
  // The kernel puts no limit on anonymous shared memory: it would take all there is and then start to kill processes.
  if (length >= large_request && length > available_memory()) throw_out_of_memory(length);
  int outcome = 0;
  do {
    outcome = ::fallocate(fd(), 0, static_cast<off_t>(offset_ + offset), static_cast<off_t>(length));
  } while (outcome != 0 && errno == EINTR);
  if (outcome == 0) return;
  if (errno == ENOSPC || errno == ENOMEM) throw_out_of_memory(length);
  throw_errno("fallocate", "shared memory");
}

void region::release(std::size_t offset, std::size_t length) const noexcept {
  // A refusal keeps the memory, which is harmless: it is allocated again before its next use anyway.
  (void)::fallocate(fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset_ + offset),
                    static_cast<off_t>(length));
}

void region::map() {
  void* where = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd(), static_cast<off_t>(offset_));
  if (where == MAP_FAILED) throw_errno("mmap", std::to_string(size_) + " bytes of shared memory");
  data_ = static_cast<std::byte*>(where);
  (void)::madvise(data_, size_, MADV_DONTDUMP);  // a core file of a small program must not hold gigabytes of queue
}

}  // namespace troupe::memory
