#pragma once

#include "troupe/transport/data_handle.hpp"
#include "troupe/wire/blank.hpp"

#include <atomic>
#include <cstring>
#include <memory>
#include <new>

namespace troupe {

/// One `T` that several processes read and write: `value<double> v{3.14}`.
///
/// A value is a handle: copies refer to the same `T`, and it travels as an argument of a process and in messages. The
/// memory is freed with the last of them. `T` is any trivially copyable type without pointers in it.
///
/// Each of `load`, `store`, `exchange`, `fetch_add`, `fetch_sub`, `update` is one step for everybody else, and for the
/// death of its process: it happened or it did not. What fits into a word of the processor is read and written as
/// `std::atomic` does (sequentially consistent), without the lock and without waiting for who has it; anything larger
/// takes the lock for the time of a copy. So what takes several of them is done by all in `update`, or by all under the
/// lock:
///
///     std::scoped_lock both{from, to};
///     from.get() -= 5;
///     to.get() += 5;
///
/// A holder of the lock that dies hangs nobody; see `abandoned`. Without a lock, `value<T, unlocked>`, there is what a
/// word of the processor can do, and `get`. All members but `close` are thread-safe. Throws errc::closed after `close`.
template <class T, class Access = guarded>
class value : public transport::data_handle_of<Access> {
  static_assert(transport::check_shareable<T, Access>());
  using base = transport::data_handle_of<Access>;
  static constexpr bool word = transport::is_one_word<T>();
  static constexpr bool has_lock = std::same_as<Access, guarded>;

 public:
  using value_type = T;

  /// A new value. Throws errc::out_of_memory.
  value() : value{T{}} {}
  explicit value(const T& initial) : base{std::make_shared<memory::data_block>(description(), 1)} {
    ::new (this->block().elements()) T{initial};
  }
  /// A closed handle, to load into.
  explicit value(wire::blank_t) noexcept {}

  [[nodiscard]] T load() const {
    if constexpr (word) {
      return atomic().load();
    } else {
      const auto section = enter();
      return current();
    }
  }
  void store(const T& desired) {
    if constexpr (word) {
      atomic().store(desired);
    } else {
      const auto section = enter();
      commit(desired);
    }
  }
  /// Stores, and returns what was there.
  T exchange(const T& desired) {
    if constexpr (word) {
      return atomic().exchange(desired);
    } else {
      const auto section = enter();
      const T before = current();
      commit(desired);
      return before;
    }
  }
  /// Adds, and returns what was there. Integers wrap around.
  T fetch_add(T amount) {
    static_assert(transport::countable<T>, "troupe: fetch_add is for numbers; use update");
    if constexpr (word)
      return atomic().fetch_add(amount);
    else
      return update([&](T& number) { number += amount; });
  }
  T fetch_sub(T amount) {
    static_assert(transport::countable<T>, "troupe: fetch_sub is for numbers; use update");
    if constexpr (word)
      return atomic().fetch_sub(amount);
    else
      return update([&](T& number) { number -= amount; });
  }
  /// Changes it by `change(T&)`, which gets a copy, and may be called again if somebody else was quicker. Returns what
  /// was there. Killed meanwhile, or if `change` throws, nothing has changed.
  template <class Change>
  T update(Change&& change) {
    if constexpr (word) {
      T before = atomic().load();
      for (T after = before;; after = before) {
        change(after);
        if (atomic().compare_exchange_weak(before, after)) return before;
      }
    } else {
      const auto section = enter();
      const T before = current();
      T after = before;
      change(after);
      commit(after);
      return before;
    }
  }

  /// The `T` itself, to be read and changed in place: under the lock, or by other means of your own. The reference is
  /// good until the next `store`, `exchange` or `update`, and no longer than the handle.
  [[nodiscard]] T& get() const { return current(); }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    this->serialize_block(archive, description());
  }

 private:
  // More than a word is there twice: `header().current` says which one counts, a store writes the other one.
  static constexpr std::size_t copies = word || !has_lock ? 1 : 2;

  static memory::data_block::description description() {
    return {memory::data_kind::value, &transport::data_type_of<T>(), has_lock, copies};
  }

  [[nodiscard]] T& copy(std::uint64_t which) const {
    return *std::launder(reinterpret_cast<T*>(this->block().elements() + which * sizeof(T)));
  }
  [[nodiscard]] T& current() const {
    if constexpr (copies == 1)
      return copy(0);
    else
      return copy(this->block().header().current.load(std::memory_order_relaxed) & 1);  // relaxed: under the lock
  }
  [[nodiscard]] std::atomic_ref<T> atomic() const { return std::atomic_ref<T>{copy(0)}; }
  [[nodiscard]] auto enter() const {
    static_assert(has_lock,
                  "troupe: this type does not fit into a word of the processor, so reading and writing it as a "
                  "whole needs the lock: use value<T>, or get()");
    return memory::data_lock::brief_section{this->block().header().lock};
  }
  void commit(const T& desired) const {
    auto& which = this->block().header().current;
    const std::uint64_t other = ~which.load(std::memory_order_relaxed) & 1;
    std::memcpy(static_cast<void*>(&copy(other)), &desired, sizeof(T));
    which.store(other, std::memory_order_release);  // COMMIT store
  }
};

}  // namespace troupe
