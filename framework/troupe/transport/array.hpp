#pragma once

#include "troupe/base/error.hpp"
#include "troupe/transport/data_handle.hpp"

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <ranges>
#include <span>
#include <string>

namespace troupe {

/// A fixed number of `T` that several processes read and write: `array<int> a(100)` is 100 zeros, `array<int> a{1, 2}`
/// and `array<double> a(v)` copy what they are given.
///
/// An array is a handle: copies refer to the same elements, and it travels as an argument of a process and in messages.
/// The memory is freed with the last of them. `T` is any trivially copyable type without pointers in it.
///
/// `a[i]`, iterators, `span` and `slice` are the elements themselves: whoever changes them while others may look does
/// so under the lock (`std::scoped_lock guard{a}`), or without one in parts of their own. `load`, `store`, `exchange`,
/// `fetch_add` and `fetch_sub` of one element are atomic by themselves (sequentially consistent) and do not wait for
/// who has the lock; they are for a `T` that fits into a word of the processor. `fill` and `assign` take the lock.
///
/// A holder of the lock that dies hangs nobody, but may have changed some of the elements; see `abandoned`. Without a
/// lock, `array<T, unlocked>`, the rest is the same. All members but `close` are thread-safe.
///
/// Indices count from 0, none from the end. Throws errc::invalid_argument for what is outside, naming index and size;
/// errc::closed after `close`.
template <class T, class Access = guarded>
class array : public transport::data_handle_of<Access> {
  static_assert(transport::check_shareable<T, Access>());
  using base = transport::data_handle_of<Access>;

 public:
  using value_type = T;
  using size_type = std::size_t;
  using iterator = T*;

  /// A closed handle.
  array() noexcept = default;
  /// `size` elements, all of their bytes zero. Throws errc::out_of_memory.
  explicit array(std::size_t size) : base{std::make_shared<memory::data_block>(description(), size)} {}
  array(std::initializer_list<T> elements) : array(elements.size()) { std::ranges::copy(elements, begin()); }
  template <std::ranges::sized_range Range>
    requires(!std::same_as<Range, array> && std::convertible_to<std::ranges::range_reference_t<const Range>, T>)
  explicit array(const Range& elements) : array(static_cast<std::size_t>(std::ranges::size(elements))) {
    copy_in(elements);
  }

  [[nodiscard]] std::size_t size() const { return this->block().count(); }
  [[nodiscard]] bool empty() const { return size() == 0; }

  [[nodiscard]] T& operator[](std::size_t index) const {
    const auto all = span();
    if (index >= all.size()) refuse(index, 1);
    return all[index];
  }
  [[nodiscard]] T* begin() const { return span().data(); }
  [[nodiscard]] T* end() const { return begin() + size(); }
  /// All elements; good as long as a handle of this process is open.
  [[nodiscard]] std::span<T> span() const {
    memory::data_block& data = this->block();
    return {reinterpret_cast<T*>(data.elements()), data.count()};
  }
  /// `count` elements from `first` on.
  [[nodiscard]] std::span<T> slice(std::size_t first, std::size_t count) const {
    const auto all = span();
    if (first > all.size() || count > all.size() - first) refuse(first, count);
    return all.subspan(first, count);
  }

  void fill(const T& with) {
    const auto section = exclusive();
    std::ranges::fill(span(), with);
  }
  /// Replaces all elements. Throws errc::invalid_argument, and changes nothing, if there are not as many.
  template <std::ranges::sized_range Range>
  void assign(const Range& elements) {
    if (std::ranges::size(elements) != size())
      throw error{errc::invalid_argument, std::to_string(std::ranges::size(elements)) + " elements cannot replace the "
                                              + std::to_string(size()) + " of an array, which keeps its size"};
    const auto section = exclusive();
    copy_in(elements);
  }

  [[nodiscard]] T load(std::size_t index) const { return atomic(index).load(); }
  void store(std::size_t index, const T& desired) { atomic(index).store(desired); }
  /// Stores, and returns what was there.
  T exchange(std::size_t index, const T& desired) { return atomic(index).exchange(desired); }
  /// Adds, and returns what was there. Integers wrap around.
  T fetch_add(std::size_t index, T amount) {
    static_assert(transport::countable<T>, "troupe: fetch_add is for numbers");
    return atomic(index).fetch_add(amount);
  }
  T fetch_sub(std::size_t index, T amount) {
    static_assert(transport::countable<T>, "troupe: fetch_sub is for numbers");
    return atomic(index).fetch_sub(amount);
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    this->serialize_block(archive, description());
  }

 private:
  static memory::data_block::description description() {
    return {memory::data_kind::array, &transport::data_type_of<T>(), std::same_as<Access, guarded>};
  }

  template <class Range>
  void copy_in(const Range& elements) {
    std::ranges::transform(elements, begin(), [](const auto& element) { return static_cast<T>(element); });
  }
  [[nodiscard]] auto exclusive() {
    if constexpr (std::same_as<Access, guarded>)
      return std::unique_lock{*this};
    else
      return std::scoped_lock<>{};
  }
  [[nodiscard]] auto atomic(std::size_t index) const {
    static_assert(transport::is_one_word<T>(), "troupe: an element of this type does not fit into a word of the "
                                               "processor: lock the array, and use a[i]");
    return std::atomic_ref<T>{(*this)[index]};
  }
  [[noreturn]] void refuse(std::size_t first, std::size_t count) const {
    transport::throw_outside(first, count, size());
  }
};

template <std::ranges::sized_range Range>
array(const Range&) -> array<std::ranges::range_value_t<Range>>;

}  // namespace troupe
