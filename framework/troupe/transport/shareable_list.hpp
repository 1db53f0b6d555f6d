#pragma once

#include "troupe/transport/data_handle.hpp"
#include "troupe/wire/any_value.hpp"

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>

namespace troupe {

/// A fixed number of items of different types that several processes read and write: none, booleans, 64-bit integers,
/// floating numbers, strings and bytes. `shareable_list{42, none, "hello"}`, or `shareable_list(items)`.
///
/// A list is a handle: copies refer to the same items, and it travels as an argument of a process and in messages. The
/// memory is freed with the last of them. An item can be replaced by any other whose bytes fit into its place: that is
/// as large as the first item in it, rounded up to a multiple of 8, at least 8.
///
/// Each call is one step for everybody else, and for the death of its process: an item is the old or the new one, never
/// parts of both. What takes several calls is done under the lock: `std::scoped_lock guard{list}`. All members but
/// `close` are thread-safe.
///
/// Indices count from 0, none from the end. Throws errc::invalid_argument for what is outside, naming index and size;
/// errc::malformed if somebody has spoilt the memory; errc::closed after `close`.
class shareable_list : public transport::lockable_data {
 public:
  static constexpr std::size_t largest_item = std::size_t{1} << 30;  ///< bytes

  /// A closed handle.
  shareable_list() noexcept = default;
  /// A new list. Throws errc::invalid_argument if an item is a list or a dict, errc::message_too_large if one is larger
  /// than `largest_item`, errc::out_of_memory.
  shareable_list(std::initializer_list<any_value> items) : shareable_list(std::span{items.begin(), items.size()}) {}
  explicit shareable_list(const any_value::list& items) : shareable_list(std::span{items}) {}

  [[nodiscard]] std::size_t size() const { return block().count(); }
  [[nodiscard]] bool empty() const { return size() == 0; }

  /// A copy of the item.
  [[nodiscard]] any_value operator[](std::size_t index) const;
  /// Copies of all items, as they were at one moment.
  [[nodiscard]] any_value::list items() const;
  /// Replaces an item. Throws errc::message_too_large, and changes nothing, if it does not fit into its place;
  /// errc::invalid_argument if it is a list or a dict.
  void set(std::size_t index, const any_value& item);

  /// How many bytes an item at this place can have.
  [[nodiscard]] std::size_t capacity(std::size_t index) const;
  /// How many items are equal to this one. (1 is not 1.0.)
  [[nodiscard]] std::size_t count(const any_value& item) const;
  /// Where the first item equal to this one is.
  [[nodiscard]] std::optional<std::size_t> find(const any_value& item) const;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    this->serialize_block(archive, description());
  }

 private:
  explicit shareable_list(std::span<const any_value> items);
  static memory::data_block::description description();
};

}  // namespace troupe
