#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace troupe::memory {

/// Copies blocks into memory that another processor reads next.
///
/// A large block can go in two ways. Through the cache is best if the reader shares that cache, and the only way for
/// what is small. Past it, by non-temporal stores, is several times as fast if the lines would have to be fetched back
/// from the cache of the reader, who had them last; the reader then fetches them from memory. Which one it is depends
/// on the machine and on where the two run, so now and then both are timed and the quicker one is kept.
///
/// Everything is in place before the next release store of this thread. One object for each destination; used by one
/// thread at a time.
class bulk_copy {
 public:
  static constexpr std::size_t large = std::size_t{16} << 10;

  /// Blocks must not overlap.
  void operator()(std::byte* to, std::span<const std::byte> block) noexcept {
    if (block.size() >= large) return copy_large(to, block);
    if (!block.empty()) std::memcpy(to, block.data(), block.size());
  }

 private:
  static constexpr std::uint32_t kept_for = 64;  // large blocks, the two that were timed among them

  void copy_large(std::byte* to, std::span<const std::byte> block) noexcept;

  std::uint32_t turn_ = 0;
  double cached_cost_ = 0;  // ns for each byte, when last tried
  bool past_cache_ = false;
};

}  // namespace troupe::memory
