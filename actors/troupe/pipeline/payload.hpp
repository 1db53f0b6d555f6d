#pragma once

#include "troupe/wire/message.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace troupe::pipeline {

/// One item on its way, of a type that its receiver knows: a live value within a process, bytes between processes.
/// Copies share the value. One thread at a time works with the shares of one value; a message hands them over.
class payload {
 public:
  using bytes = std::vector<std::byte>;

  payload() = default;  ///< none
  template <class T>
  [[nodiscard]] static payload of(T value) {
    payload result;
    result.live_ = std::make_shared<holder<T>>(std::move(value));
    return result;
  }

  [[nodiscard]] explicit operator bool() const noexcept { return live_ != nullptr || bytes_ != nullptr; }

  /// The value: moved out of a live one, so once only; or decoded. T is the type it was made of.
  /// Throws errc::malformed if the bytes lie.
  template <class T>
  [[nodiscard]] T take() {
    if (bytes_) return wire::decode<T>(std::span<const std::byte>{*bytes_});
    return std::move(static_cast<holder<T>&>(*live_).value);
  }

  /// Turns a live value into bytes, so that it can be taken any number of times, in any process.
  void freeze() {
    if (!live_) return;
    bytes_ = std::make_shared<const bytes>(live_->encode());
    live_.reset();
  }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value) {
      freeze();
      bool there = bytes_ != nullptr;
      archive & there;
      if (there) archive << *bytes_;
    } else {
      live_.reset();
      bytes_.reset();
      bool there = false;
      archive & there;
      if (!there) return;
      auto arrived = std::make_shared<bytes>();
      archive >> *arrived;
      bytes_ = std::move(arrived);
    }
  }

 private:
  struct content {
    content() = default;
    content(const content&) = delete;
    content& operator=(const content&) = delete;
    virtual ~content() = default;
    [[nodiscard]] virtual bytes encode() const = 0;
  };
  template <class T>
  struct holder final : content {
    explicit holder(T v) : value{std::move(v)} {}
    [[nodiscard]] bytes encode() const override {
      bytes result(wire::encode_into({}, value));
      static_cast<void>(wire::encode_into(result, value));
      return result;
    }
    T value;
  };

  std::shared_ptr<content> live_;  // at most one of the two is set
  std::shared_ptr<const bytes> bytes_;
};

}  // namespace troupe::pipeline
