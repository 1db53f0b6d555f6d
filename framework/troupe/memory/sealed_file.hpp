#pragma once

#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <string_view>

/// Anonymous shared-memory files that can neither shrink nor grow, so that no process can make another's access fault.
namespace troupe::memory::sealed_file {

[[nodiscard]] std::size_t whole_pages(std::size_t bytes);
/// A new file of `size` bytes, the first `allocated` of them backed by memory now; both are rounded up to pages.
/// Throws `error` (out_of_memory, or the errno of memfd_create).
[[nodiscard]] unique_fd create(std::string_view name, std::size_t size, std::size_t allocated);
/// The size of a file that came from another process. Throws errc::malformed if it is not such a file.
[[nodiscard]] std::size_t checked_size(const unique_fd& file);
/// Backs a range with memory. Throws errc::out_of_memory naming the length when the machine has none left.
void allocate(const unique_fd& file, std::size_t offset, std::size_t length);

}  // namespace troupe::memory::sealed_file
