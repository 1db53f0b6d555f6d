#pragma once

#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <string_view>

namespace troupe::memory {

/// An anonymous shared-memory file of one header page and some rings, and this process's mapping of it. Each ring is
/// mapped twice in a row, so that a run of bytes that wraps around its end is one span. The file is sealed and backed
/// by memory as a whole: touching it never faults.
class mirrored_rings {
 public:
  static constexpr std::size_t header_bytes = 4096;

  mirrored_rings() noexcept = default;
  /// `ring_bytes`: a power of two, at least a page. Throws `error` (out_of_memory, or the errno of a call).
  [[nodiscard]] static mirrored_rings create(std::string_view name, std::size_t rings, std::size_t ring_bytes);
  /// Maps a file of another process. Throws errc::malformed if it is not sealed, or of another size.
  [[nodiscard]] static mirrored_rings attach(unique_fd file, std::size_t rings, std::size_t ring_bytes);

  mirrored_rings(mirrored_rings&& other) noexcept;
  mirrored_rings& operator=(mirrored_rings&& other) noexcept;
  ~mirrored_rings();

  [[nodiscard]] int fd() const noexcept { return file_.get(); }
  /// To be sent to others. Throws errc::closed if the program closed it.
  [[nodiscard]] int checked_fd() const { return file_.checked("a pipe"); }
  [[nodiscard]] std::byte* header() const noexcept { return base_; }
  /// The first byte of a ring; `2 * ring_bytes` bytes follow, the second half showing the first again.
  [[nodiscard]] std::byte* ring(std::size_t index) const noexcept {
    return base_ + header_bytes + index * 2 * ring_bytes_;
  }

 private:
  void map(std::size_t rings, std::size_t ring_bytes);

  unique_fd file_;
  std::byte* base_ = nullptr;
  std::size_t mapped_ = 0;
  std::size_t ring_bytes_ = 0;
};

}  // namespace troupe::memory
