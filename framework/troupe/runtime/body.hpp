#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace troupe::runtime {

/// Holds one moved value of any type, or nothing; a small one without an allocation. It does not remember the type: who
/// asks for `as<T>()` knows it from the message index that travels beside. A value that is still in its wire format is
/// marked as such, its type is then the byte buffer. Move-only; one thread at a time.
class body {
 public:
  /// Values up to this size (and with a move that cannot throw) are stored in place.
  static constexpr std::size_t room = 48;

  body() noexcept = default;
  body(body&& other) noexcept { steal(other); }
  body& operator=(body&& other) noexcept {
    if (this != &other) {
      reset();
      steal(other);
    }
    return *this;
  }
  ~body() { reset(); }

  template <class T>
  [[nodiscard]] static body of(T value) {
    body result;
    if constexpr (in_place<T>)
      ::new (static_cast<void*>(result.bytes_)) T(std::move(value));
    else
      ::new (static_cast<void*>(result.bytes_)) T*(new T(std::move(value)));
    result.type_ = &traits_of<T>;
    return result;
  }

  /// A value in its wire format.
  template <class Bytes>
  [[nodiscard]] static body encoded(Bytes bytes) {
    body result = of(std::move(bytes));
    result.encoded_ = true;
    return result;
  }

  /// The value. It must hold a `T`, the very type it was made of.
  template <class T>
  [[nodiscard]] T& as() noexcept {
    if constexpr (in_place<T>)
      return *std::launder(reinterpret_cast<T*>(bytes_));
    else
      return **std::launder(reinterpret_cast<T**>(bytes_));
  }

  [[nodiscard]] bool is_encoded() const noexcept { return encoded_; }
  [[nodiscard]] explicit operator bool() const noexcept { return type_ != nullptr; }

  void reset() noexcept {
    if (type_ != nullptr && type_->destroy != nullptr) type_->destroy(bytes_);
    type_ = nullptr;
    encoded_ = false;
  }

 private:
  template <class T>
  static constexpr bool in_place =
      sizeof(T) <= room && alignof(T) <= alignof(void*) && std::is_nothrow_move_constructible_v<T>;

  struct traits {
    void (*relocate)(std::byte* to, std::byte* from) noexcept;  // null: the bytes are the value
    void (*destroy)(std::byte*) noexcept;                       // null: nothing to do
  };

  template <class T>
  static void relocate(std::byte* to, std::byte* from) noexcept {
    T* value = std::launder(reinterpret_cast<T*>(from));
    ::new (static_cast<void*>(to)) T(std::move(*value));
    value->~T();
  }
  template <class T>
  static void destroy(std::byte* at) noexcept {
    if constexpr (in_place<T>)
      std::launder(reinterpret_cast<T*>(at))->~T();
    else
      delete *std::launder(reinterpret_cast<T**>(at));
  }

  template <class T>
  static constexpr traits traits_of{
      in_place<T> && !std::is_trivially_copyable_v<T> ? &body::relocate<T> : nullptr,
      in_place<T>&& std::is_trivially_destructible_v<T> ? nullptr : &body::destroy<T>,
  };

  void steal(body& other) noexcept {
    if (other.type_ == nullptr) return;
    if (other.type_->relocate != nullptr)
      other.type_->relocate(bytes_, other.bytes_);
    else
      std::memcpy(bytes_, other.bytes_, room);
    type_ = std::exchange(other.type_, nullptr);
    encoded_ = std::exchange(other.encoded_, false);
  }

  alignas(void*) std::byte bytes_[room];
  const traits* type_ = nullptr;
  bool encoded_ = false;
};

}  // namespace troupe::runtime
