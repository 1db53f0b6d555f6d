#pragma once

#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace troupe::wire {

/// The file descriptors that a message takes along beside its bytes, collected while it is encoded. The bytes name a
/// descriptor by its index here. Not thread-safe: one message, one object.
class outgoing_handles {
 public:
  /// Remembers `fd`, which stays the caller's and must stay open until the message is sent; returns its index.
  /// `on_sent` runs once the message is really on its way: a connection end that moves closes itself there.
  std::uint32_t add(int fd, std::function<void()> on_sent = {});

  [[nodiscard]] std::span<const int> fds() const noexcept { return fds_; }
  [[nodiscard]] std::size_t size() const noexcept { return fds_.size(); }
  [[nodiscard]] bool empty() const noexcept { return fds_.empty(); }

  /// Forgets every handle from index `size` on, without running its `on_sent`: a second pass over a message that did
  /// not fit starts from where the first one started.
  void rewind(std::size_t size);
  /// The message is on its way: runs what was given as `on_sent`, in order, each once. A second call does nothing.
  void sent();

 private:
  std::vector<int> fds_;
  std::vector<std::function<void()>> on_sent_;  // one for each of fds_
};

/// The file descriptors that came along with a message. What the message does not take is closed here.
class incoming_handles {
 public:
  incoming_handles() = default;
  /// `cut`: this process had too many descriptors open to receive the rest of them.
  explicit incoming_handles(std::vector<unique_fd> fds, bool cut = false) : fds_{std::move(fds)}, cut_{cut} {}

  /// Hands out descriptor `index`. Throws `errc::malformed` if there is no such descriptor or it was taken before, and
  /// EMFILE if it is one of those that were cut off.
  [[nodiscard]] unique_fd take(std::uint32_t index);

 private:
  std::vector<unique_fd> fds_;
  bool cut_ = false;
};

}  // namespace troupe::wire
