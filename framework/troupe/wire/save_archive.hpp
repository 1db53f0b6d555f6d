#pragma once

#include "troupe/wire/codec.hpp"
#include "troupe/wire/handles.hpp"
#include "troupe/wire/number.hpp"

#include <boost/mpl/bool.hpp>
#include <boost/serialization/library_version_type.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace troupe::wire {

class saved_objects;
class helper_set;

/// Writes values into a span of bytes in the wire form of docs/layout.md. Models Boost.Serialization's saving archive
/// concept, so `serialize` members and functions written for Boost work unchanged.
///
/// Past the end of the span it goes on counting instead of failing: one pass gives the size that is needed. It does not
/// allocate, unless the value holds pointers. Not thread-safe; one object for one message.
/// Throws `errc::invalid_argument` for what no bytes can say (a cycle of owning pointers, nesting without end).
class save_archive {
 public:
  using is_saving = boost::mpl::true_;
  using is_loading = boost::mpl::false_;

  explicit save_archive(std::span<std::byte> room, outgoing_handles* handles = nullptr) noexcept
      : room_{room.data()}
      , capacity_{room.size()}
      , handles_{handles} {}
  save_archive(const save_archive&) = delete;
  save_archive& operator=(const save_archive&) = delete;
  ~save_archive() {
    if (cold_ != nullptr) drop_cold();
  }

  template <class T>
  save_archive& operator<<(const T& value) {
    codec<T>::save(*this, value);
    return *this;
  }
  template <class T>
  save_archive& operator&(const T& value) {
    codec<T>::save(*this, value);
    return *this;
  }

  /// Bytes needed so far. Larger than the span that was given: the span's content is incomplete.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool complete() const noexcept { return size_ <= capacity_; }

  /// Lets file descriptor `fd` travel with the message: see `outgoing_handles::add`. Throws `errc::unsupported` where
  /// the bytes go to a place that descriptors cannot reach.
  std::uint32_t save_handle(int fd, std::function<void()> on_sent = {});

  void save_binary(const void* data, std::size_t size) noexcept {
    const std::size_t at = size_;
    size_ += size;
    if (size_ <= capacity_ && size != 0) std::memcpy(room_ + at, data, size);
  }
  template <number T>
  void save_number(T value) noexcept {
    const std::size_t at = size_;
    size_ += sizeof value;
    if (size_ <= capacity_) store_number(room_ + at, value);
  }
  /// A length or count as it stands before the elements. Throws `errc::message_too_large` from 2^32 on.
  void save_count(std::size_t count) {
    if (count > UINT32_MAX) too_many(count);
    save_number(static_cast<std::uint32_t>(count));
  }

  /// One level deeper for as long as it lives; throws past `max_depth`.
  class nested {
   public:
    explicit nested(save_archive& ar) : ar_{ar} {
      if (++ar_.depth_ > max_depth) {
        --ar_.depth_;
        too_deep();
      }
    }
    nested(const nested&) = delete;
    nested& operator=(const nested&) = delete;
    ~nested() { --ar_.depth_; }

   private:
    save_archive& ar_;
  };
  /// Called for each element of a container whose elements may take no byte, with the size before the element.
  void count_element(std::size_t size_before) {
    if (size_ == size_before && ++empty_elements_ > max_empty_elements) too_many_empty();
  }

  // The rest of Boost's archive concept.
  template <class T>
  void register_type(T* = nullptr) const noexcept;
  template <class Helper>
  Helper& get_helper(void* id = nullptr);
  [[nodiscard]] static boost::serialization::library_version_type get_library_version() noexcept {
    return boost::serialization::library_version_type(19);  // only tells Boost's loaders to expect modern layouts
  }
  [[nodiscard]] static unsigned int get_flags() noexcept { return 0; }
  void reset_object_address(const void*, const void*) noexcept {}

  /// The objects reached through pointers so far; made at the first pointer.
  [[nodiscard]] saved_objects& objects();

 private:
  struct cold;  // what few messages need

  [[noreturn]] static void too_deep();
  [[noreturn]] static void too_many(std::size_t count);
  [[noreturn]] static void too_many_empty();
  [[nodiscard]] cold& make_cold();
  [[nodiscard]] helper_set& helpers();
  void drop_cold() noexcept;

  std::byte* room_;
  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t depth_ = 0;
  std::size_t empty_elements_ = 0;
  outgoing_handles* handles_;
  cold* cold_ = nullptr;  // owned
};

}  // namespace troupe::wire
