#include "troupe/process/life_lock.hpp"

#include "troupe/base/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>

namespace troupe::tree::life_lock {

namespace {

enum which : unsigned char { first_byte, second_byte };

flock lock_of(std::uint32_t slot, short type) {
  flock range{};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(slot) * 2;
  range.l_len = 2;
  return range;
}

unique_fd try_hold(int control_memory, std::uint32_t slot, which byte) {
  const std::string place = "/proc/self/fd/" + std::to_string(control_memory);
  unique_fd own{::open(place.c_str(), O_RDWR | O_CLOEXEC)};
  if (!own) throw_errno("open", place);
  flock range = lock_of(slot, F_WRLCK);
  range.l_start += byte;
  range.l_len = 1;
  if (::fcntl(own.get(), F_OFD_SETLK, &range) == 0) return own;
  if (errno == EAGAIN || errno == EACCES) return {};
  throw_errno("fcntl(F_OFD_SETLK)", "the control memory");
}

unique_fd held(unique_fd lock) {
  if (!lock) throw error{std::make_error_code(std::errc::resource_unavailable_try_again), "a life lock is held twice"};
  return lock;
}

}  // namespace

unique_fd hold(int control_memory, std::uint32_t slot) { return held(try_hold(control_memory, slot)); }
unique_fd try_hold(int control_memory, std::uint32_t slot) { return try_hold(control_memory, slot, first_byte); }

unique_fd renew(int control_memory, std::uint32_t slot, const unique_fd& first) {
  unique_fd second = held(try_hold(control_memory, slot, second_byte));
  flock range = lock_of(slot, F_UNLCK);
  if (::fcntl(first.get(), F_OFD_SETLK, &range) != 0) throw_errno("fcntl(F_OFD_SETLK)", "the control memory");
  return second;
}

bool is_held(int control_memory, std::uint32_t slot) noexcept {
  flock range = lock_of(slot, F_WRLCK);
  return ::fcntl(control_memory, F_OFD_GETLK, &range) != 0 || range.l_type != F_UNLCK;
}

}  // namespace troupe::tree::life_lock
