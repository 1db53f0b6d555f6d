#pragma once

#include "troupe/base/birth_time.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/memory/data_lock.hpp"
#include "troupe/memory/region.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace troupe::memory {

/// What lies in a piece of shared data.
enum class data_kind : std::uint32_t { value = 1, array = 2, list = 3 };

/// The type of the elements, as those who share them compare it.
struct data_type {
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t hash = 0;  ///< of the name, the size and the alignment

  [[nodiscard]] static data_type of(std::string name, std::size_t size, std::size_t alignment);
};

inline constexpr std::uint64_t data_magic = 0x6174616470757274;  // "trupdata" in memory
inline constexpr std::uint32_t data_version = 1;

/// The front of a piece of shared data; the elements follow at `data_offset`.
///
/// Invariants:
///  V1  everything up to `type_name` is constant once `magic` is there. What an attacher needs of it later, it keeps a
///      checked copy of.
///  V2  `current` says which of two copies counts, where there are two: only the other one is ever written by a store.
struct data_header {
  std::uint64_t magic = 0;  // written last when it is made
  std::uint32_t version = data_version;
  data_kind kind = data_kind::value;
  std::uint64_t type = 0;
  std::uint64_t element_size = 0;
  std::uint64_t count = 0;
  std::uint32_t guarded = 0;         // 1: all who use it use its lock
  std::array<char, 84> type_name{};  // zero terminated, for error texts
  alignas(128) data_lock lock;
  std::atomic<std::uint64_t> current{0};  // 0 or 1; written under `lock`. COMMIT store of what is larger than a word
};

inline constexpr std::size_t data_offset = 256;
static_assert(sizeof(data_header) == data_offset && std::is_standard_layout_v<data_header>);
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

/// A piece of shared data as this process sees it: sealed memory with a header and elements. Not copyable; its handles
/// share it. What lies in the memory is not to be trusted: what is checked here is that all elements are inside of it.
class data_block {
 public:
  /// What an attacher expects, or a maker makes.
  struct description {
    data_kind kind = data_kind::value;
    const data_type* type = nullptr;
    bool guarded = false;
    std::uint64_t copies = 1;  ///< room for each element this many times
    std::uint64_t extra = 0;   ///< bytes behind the elements, to be checked by who uses them
  };

  /// New data of `count` elements, all bytes zero and all backed by memory. Throws errc::out_of_memory.
  data_block(const description& what, std::size_t count);
  /// Data that another process made. Throws errc::malformed if the memory holds none of this layout version, or is too
  /// small for what it says to hold; errc::type_mismatch if it is of another kind or type, naming both.
  data_block(const description& expected, unique_fd file);
  data_block(const data_block&) = delete;
  data_block& operator=(const data_block&) = delete;
  /// Whoever still holds the lock by way of this block has abandoned it.
  ~data_block();

  void lock() { (void)lock_until(deadline::never()); }
  [[nodiscard]] bool try_lock() { return entered(header().lock.try_lock()); }
  [[nodiscard]] bool lock_until(deadline limit) { return entered(header().lock.lock_until(limit)); }
  /// Throws errc::invalid_argument, and changes nothing for anybody, if this thread does not hold it.
  void unlock();

  [[nodiscard]] data_header& header() const noexcept { return *reinterpret_cast<data_header*>(region_.data()); }
  [[nodiscard]] std::byte* elements() const noexcept { return region_.data() + data_offset; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] const birth_time& born() const noexcept { return born_; }
  /// Bytes from `elements()` on that are there for sure.
  [[nodiscard]] std::size_t room() const noexcept { return region_.size() - data_offset; }
  /// To be sent to others. Throws errc::closed if the program closed it.
  [[nodiscard]] int fd() const { return region_.checked_fd(); }

 private:
  bool entered(bool locked) noexcept;
  [[noreturn]] void throw_not_held() const;

  std::atomic<std::uint32_t> holds_{0};  // locks by way of this block that are not undone; written by the holder
  birth_time born_;
  std::size_t count_;  // before the region: its size depends on it
  region region_;
};

}  // namespace troupe::memory
