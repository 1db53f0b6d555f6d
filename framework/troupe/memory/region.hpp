#pragma once

#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace troupe::memory {

/// An anonymous shared-memory file and this process's mapping of it, or of a slice of it.
///
/// The file never changes size: it is sealed against shrinking and growing, so no peer can make an access fault. A file
/// may be sparse: only what was allocated costs memory. Nothing has a name in the file system; the kernel frees the
/// memory when the last descriptor and mapping are gone. Const members are safe from several threads at once.
class region {
 public:
  region() noexcept = default;
  /// A new file of `size` bytes (rounded up to pages), the first `allocated` of them backed by memory now.
  /// Throws `error` (out_of_memory, or the errno of memfd_create).
  [[nodiscard]] static region create(std::string_view name, std::size_t size, std::size_t allocated);
  /// The same, mapping only the first `mapped` bytes here; `slice` maps others.
  [[nodiscard]] static region create(std::string_view name, std::size_t size, std::size_t allocated,
                                     std::size_t mapped);
  /// Maps a file that another process made. Throws errc::malformed if it is not sealed, or ends before
  /// `offset + size`; `size` 0 maps the rest of the file.
  [[nodiscard]] static region attach(unique_fd file, std::size_t offset = 0, std::size_t size = 0);

  /// A further mapping of the same file, of the `size` bytes at `offset` in the file.
  [[nodiscard]] region slice(std::size_t offset, std::size_t size) const;

  region(region&& other) noexcept;
  region& operator=(region&& other) noexcept;
  ~region();

  [[nodiscard]] std::byte* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// -1 without a file. Another file has this number if the program closed it: see `checked_fd`.
  [[nodiscard]] int fd() const noexcept { return file_ ? file_->get() : -1; }
  /// Throws errc::closed if the program closed it.
  [[nodiscard]] int checked_fd() const;
  [[nodiscard]] bool is_intact() const noexcept { return file_ && file_->is_intact(); }

  /// Backs [offset, offset + length) with memory, so that touching it cannot fault later.
  /// Throws errc::out_of_memory naming the size when the machine has none left.
  void allocate(std::size_t offset, std::size_t length) const;
  /// Gives the memory of [offset, offset + length) back; it reads as zero afterwards.
  void release(std::size_t offset, std::size_t length) const noexcept;

 private:
  void map();

  std::shared_ptr<const unique_fd> file_;  // shared between the slices of one file
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
  std::byte* data_ = nullptr;
};

}  // namespace troupe::memory
