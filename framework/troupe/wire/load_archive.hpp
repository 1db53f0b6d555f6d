#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/wire/codec.hpp"
#include "troupe/wire/handles.hpp"
#include "troupe/wire/number.hpp"

#include <boost/mpl/bool.hpp>
#include <boost/serialization/library_version_type.hpp>
#include <boost/serialization/wrapper.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace troupe::wire {

class loaded_objects;
class helper_set;

/// Reads values from a span of bytes in the wire form of docs/layout.md. Models Boost.Serialization's loading archive
/// concept. The bytes are taken as hostile: whatever they say is checked before use, and what is wrong with them is
/// thrown as `errc::malformed` with the type and the offset; a partly read value is valid but unspecified.
/// Not thread-safe; one object for one message.
class load_archive {
 public:
  using is_saving = boost::mpl::false_;
  using is_loading = boost::mpl::true_;

  explicit load_archive(std::span<const std::byte> bytes, incoming_handles* handles = nullptr) noexcept
      : begin_{bytes.data()}
      , at_{bytes.data()}
      , end_{bytes.data() + bytes.size()}
      , handles_{handles} {}
  load_archive(const load_archive&) = delete;
  load_archive& operator=(const load_archive&) = delete;
  ~load_archive() {
    if (cold_ != nullptr) drop_cold();
  }

  /// Boost's wrappers (`make_nvp`, `make_array`, ...) come as constants and temporaries, all else as lvalues.
  template <class T>
  load_archive& operator>>(T&& value) {
    using plain = std::remove_cvref_t<T>;
    static_assert(!std::is_const_v<std::remove_reference_t<T>> || boost::serialization::is_wrapper<plain>::type::value,
                  "troupe: a constant cannot be loaded");
    codec<plain>::load(*this, const_cast<plain&>(value));
    return *this;
  }
  template <class T>
  load_archive& operator&(T&& value) {
    return *this >> value;
  }

  [[nodiscard]] std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

  /// Takes over a file descriptor that came with the message. Throws `errc::malformed` if it did not come.
  [[nodiscard]] unique_fd load_handle();

  void load_binary(void* data, std::size_t size) {
    const std::byte* from = take(size, nullptr);
    if (size != 0) std::memcpy(data, from, size);
  }
  /// The next `size` bytes, in place. `name` names the type being read, for the error text.
  const std::byte* take(std::size_t size, name_function name) {
    if (size > remaining()) truncated(size, name);
    const std::byte* at = at_;
    at_ += size;
    return at;
  }
  template <number T>
  [[nodiscard]] T load_number(name_function name) {
    return fetch_number<T>(take(sizeof(T), name));
  }
  /// A count of elements that take at least `min_size` bytes each: never more than the bytes that are left can hold.
  [[nodiscard]] std::size_t load_count(std::size_t min_size, name_function name) {
    const std::size_t count = load_number<std::uint32_t>(name);
    if (count * min_size > remaining()) lying_count(count, name);
    return count;
  }
  /// How many elements of `element_size` bytes in memory may be allocated ahead of reading them.
  [[nodiscard]] std::size_t prudent(std::size_t count, std::size_t element_size) const noexcept {
    const std::size_t limit = 1 + (1024 + 8 * remaining()) / element_size;
    return count < limit ? count : limit;
  }

  /// Throws `errc::malformed`: the type, the offset, `what`.
  [[noreturn]] void fail(name_function name, std::string_view what) const;

  /// One level deeper for as long as it lives; throws past `max_depth`.
  class nested {
   public:
    nested(load_archive& ar, name_function name) : ar_{ar} {
      if (++ar_.depth_ > max_depth) {
        --ar_.depth_;
        ar_.too_deep(name);
      }
    }
    nested(const nested&) = delete;
    nested& operator=(const nested&) = delete;
    ~nested() { --ar_.depth_; }

   private:
    load_archive& ar_;
  };
  /// Called for each element of a container whose elements may take no byte, with the offset before the element.
  void count_element(std::size_t offset_before, name_function name) {
    if (offset() == offset_before && ++empty_elements_ > max_empty_elements) too_many_empty(name);
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
  /// Only objects behind pointers are tracked, and they do not move.
  void reset_object_address(const void*, const void*) noexcept {}

  /// The objects reached through pointers so far; made at the first pointer.
  [[nodiscard]] loaded_objects& objects();

 private:
  struct cold;  // what few messages need

  [[noreturn]] void truncated(std::size_t size, name_function name) const;
  [[noreturn]] void lying_count(std::size_t count, name_function name) const;
  [[noreturn]] void too_deep(name_function name) const;
  [[noreturn]] void too_many_empty(name_function name) const;
  [[nodiscard]] cold& make_cold();
  [[nodiscard]] helper_set& helpers();
  void drop_cold() noexcept;

  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  std::size_t depth_ = 0;
  std::size_t empty_elements_ = 0;
  incoming_handles* handles_;
  cold* cold_ = nullptr;  // owned
};

}  // namespace troupe::wire
