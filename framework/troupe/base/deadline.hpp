#pragma once

#include <chrono>
#include <ctime>

namespace troupe {

/// A point on the monotonic clock after which a wait gives up, or never. A value: copy it down through every layer so
/// that one limit covers a whole operation. Steps of the wall clock do not touch it.
class deadline {
 public:
  using clock = std::chrono::steady_clock;

  /// A wait without a limit.
  [[nodiscard]] static constexpr deadline never() noexcept { return deadline{clock::time_point::max()}; }
  /// Already passed: look once, do not wait.
  [[nodiscard]] static constexpr deadline now() noexcept { return deadline{clock::time_point::min()}; }
  /// `limit` from now; a negative limit counts as zero, one too large for the clock as never.
  template <class Rep, class Period>
  [[nodiscard]] static deadline after(std::chrono::duration<Rep, Period> limit) noexcept {
    using seconds = std::chrono::duration<double>;
    if (limit <= limit.zero()) return now();
    const auto start = clock::now();
    if (seconds{limit} >= seconds{clock::time_point::max() - start}) return never();
    return deadline{start + std::chrono::duration_cast<clock::duration>(limit)};
  }
  [[nodiscard]] static constexpr deadline at(clock::time_point when) noexcept { return deadline{when}; }

  [[nodiscard]] bool is_never() const noexcept { return when_ == clock::time_point::max(); }
  [[nodiscard]] bool passed() const noexcept {
    return when_ == clock::time_point::min() || (!is_never() && clock::now() >= when_);
  }
  [[nodiscard]] clock::time_point when() const noexcept { return when_; }
  [[nodiscard]] deadline earlier(deadline other) const noexcept { return when_ < other.when_ ? *this : other; }

  /// What is left, in milliseconds rounded up, as `poll(2)` takes it: -1 for never, 0 once passed.
  [[nodiscard]] int poll_timeout() const noexcept;
  /// The absolute `CLOCK_MONOTONIC` time; zero once passed. Not to be called on `never()`.
  [[nodiscard]] timespec monotonic() const noexcept;

 private:
  constexpr explicit deadline(clock::time_point when) noexcept : when_{when} {}
  clock::time_point when_;
};

}  // namespace troupe
