#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/memory/data_block.hpp"
#include "troupe/wire/type_name.hpp"

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace troupe {

/// How shared data is protected: by a lock of its own, which is the default, or not at all.
struct guarded {};
struct unlocked {};

}  // namespace troupe

namespace troupe::transport {

/// What all handles of shared data have in common: copies refer to the same data, which lives as long as any of them,
/// here or elsewhere, or on its way in a message. A handle is as thread-safe as a `shared_ptr`.
class data_handle {
 public:
  /// Ends the use of this handle; others go on. References and spans that came from it end with the last one of this
  /// process.
  void close() noexcept { block_.reset(); }
  [[nodiscard]] bool is_open() const noexcept { return block_ != nullptr; }

 protected:
  data_handle() noexcept = default;
  explicit data_handle(std::shared_ptr<memory::data_block> block) noexcept : block_{std::move(block)} {}

  void adopt(std::shared_ptr<memory::data_block> block) noexcept { block_ = std::move(block); }
  [[nodiscard]] memory::data_block& block() const {
    if (block_ == nullptr) throw_closed();
    block_->born().check("shared data");
    return *block_;
  }

  template <class Archive>
  void serialize_block(Archive& archive, const memory::data_block::description& what) {
    if constexpr (Archive::is_saving::value)
      archive.save_handle(block().fd());
    else
      block_ = std::make_shared<memory::data_block>(what, archive.load_handle());
  }

 private:
  [[noreturn]] static void throw_closed();

  std::shared_ptr<memory::data_block> block_;
};

/// Shared data with a lock of its own. Meets TimedLockable: `std::scoped_lock both{a, b}` locks several without
/// deadlock. A thread may lock it again while it holds it. If the last handle of a process goes while it is held, that
/// is as if the process had died then: see `abandoned`.
class lockable_data : public data_handle {
 public:
  /// Blocks until this thread has the lock; returns as well if the last holder has died: see `abandoned`.
  void lock() { block().lock(); }
  [[nodiscard]] bool try_lock() { return block().try_lock(); }
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> limit) {
    return block().lock_until(deadline::after(limit));
  }
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(std::chrono::time_point<Clock, Duration> limit) {
    return block().lock_until(deadline::until(limit));
  }
  /// Undoes one `lock` of this thread. Throws errc::invalid_argument, and changes nothing for anybody, if this thread
  /// does not hold it; from the destructor of a guard, that ends the program.
  void unlock() { block().unlock(); }

  /// Whether a process died, or let go of its last handle, between `lock` and `unlock`, so that what it was changing in
  /// place may be half changed. It stays so, for everybody, until who holds the lock has put that right and calls
  /// `mend`.
  [[nodiscard]] bool abandoned() const { return block().header().lock.abandoned(); }
  void mend() { block().header().lock.mend(); }

 protected:
  using data_handle::data_handle;
};

template <class Access>
using data_handle_of = std::conditional_t<std::same_as<Access, guarded>, lockable_data, data_handle>;

/// What is wrong with sharing a `T`, as errors at the line of who asks for it.
template <class T, class Access>
consteval bool check_shareable() {
  static_assert(std::is_trivially_copyable_v<T>,
                "troupe: what lies in shared memory is plain bytes: the type must be trivially copyable (send a "
                "std::string or a vector through a queue, or put it in a shareable_list)");
  static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T>,
                "troupe: a pointer means nothing in another process: share an index instead");
  static_assert(!std::is_const_v<T> && !std::is_volatile_v<T>, "troupe: share the type itself, not const or volatile");
  static_assert(alignof(T) <= memory::data_offset, "troupe: the alignment of shared data is 256 bytes at most");
  static_assert(std::same_as<Access, guarded> || std::same_as<Access, unlocked>,
                "troupe: the second argument is troupe::guarded or troupe::unlocked");
  return true;
}

/// Whether the processor reads and writes a `T` in one piece.
template <class T>
[[nodiscard]] consteval bool is_one_word() {
  if constexpr (std::is_trivially_copyable_v<T>
                && (sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8))
    return std::atomic_ref<T>::is_always_lock_free;
  return false;
}

template <class T>
concept countable = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

/// Throws errc::invalid_argument that names the elements asked for, and how many there are.
[[noreturn]] void throw_outside(std::size_t first, std::size_t count, std::size_t size);

template <class T>
[[nodiscard]] const memory::data_type& data_type_of() {
  static const auto type = memory::data_type::of(wire::type_name<T>(), sizeof(T), alignof(T));
  return type;
}

}  // namespace troupe::transport
