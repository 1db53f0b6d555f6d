#include "troupe/process/life_lock.hpp"

#include "troupe/base/error.hpp"

#include <fcntl.h>
#include <string>

namespace troupe::tree::life_lock {

namespace {

flock byte_of(std::uint32_t slot) {
  flock byte{};
  byte.l_type = F_WRLCK;
  byte.l_whence = SEEK_SET;
  byte.l_start = slot;
  byte.l_len = 1;
  return byte;
}

}  // namespace

unique_fd hold(int control_memory, std::uint32_t slot) {
  const std::string place = "/proc/self/fd/" + std::to_string(control_memory);
  unique_fd own{::open(place.c_str(), O_RDWR | O_CLOEXEC)};
  if (!own) throw_errno("open", place);
  flock byte = byte_of(slot);
  if (::fcntl(own.get(), F_OFD_SETLK, &byte) != 0) throw_errno("fcntl(F_OFD_SETLK)", "the control memory");
  return own;
}

bool is_held(int control_memory, std::uint32_t slot) noexcept {
  flock byte = byte_of(slot);
  return ::fcntl(control_memory, F_OFD_GETLK, &byte) != 0 || byte.l_type != F_UNLCK;
}

}  // namespace troupe::tree::life_lock
