#include "troupe/wire/handles.hpp"

#include "troupe/base/error.hpp"

#include <string>
#include <utility>

namespace troupe::wire {

std::uint32_t outgoing_handles::add(int fd, std::function<void()> on_sent) {
  on_sent_.reserve(on_sent_.size() + 1);  // so that the second push_back cannot fail and the two stay in step
  fds_.push_back(fd);
  on_sent_.push_back(std::move(on_sent));
  return static_cast<std::uint32_t>(fds_.size() - 1);
}

void outgoing_handles::rewind(std::size_t size) {
  if (size >= fds_.size()) return;
  fds_.resize(size);
  on_sent_.resize(size);
}

void outgoing_handles::sent() {
  for (auto& done : on_sent_) {
    if (auto run = std::exchange(done, nullptr)) run();
  }
}

unique_fd incoming_handles::take(std::uint32_t index) {
  if (index >= fds_.size() && cut_)
    throw error{std::make_error_code(std::errc::too_many_files_open),
                "a message came with more descriptors than this process may open; they are lost. Raise its limit "
                "(ulimit -n), or close some"};
  if (index >= fds_.size())
    throw error{errc::malformed, "a message names handle " + std::to_string(index) + ", but "
                                     + std::to_string(fds_.size()) + " came along with it"};
  if (!fds_[index])
    throw error{errc::malformed, "a message names handle " + std::to_string(index) + " twice; a handle has one owner"};
  return std::move(fds_[index]);
}

}  // namespace troupe::wire
