#pragma once

#include <chrono>
#include <compare>
#include <ctime>
#include <numeric>

namespace troupe {

/// A length of time to wait for, made of a std::chrono::duration of any type and value: in nanoseconds, rounded up.
/// What is negative or no number counts as zero; what is too long to be counted in nanoseconds (some 292 years), as
/// `max()`.
class time_span {
 public:
  constexpr time_span() noexcept = default;  ///< zero
  template <class Rep, class Period>
  constexpr time_span(std::chrono::duration<Rep, Period> length) noexcept : length_{rounded(nanoseconds_in(length))} {}

  /// Without an end, for all who wait.
  [[nodiscard]] static constexpr time_span max() noexcept { return std::chrono::nanoseconds::max(); }
  [[nodiscard]] constexpr std::chrono::nanoseconds length() const noexcept { return length_; }
  friend constexpr auto operator<=>(time_span, time_span) noexcept = default;

 private:
  friend class deadline;

  /// Exact where a long double has room for 64 bits. Not by duration_cast, in which large counts and periods overflow.
  template <class Rep, class Period>
  [[nodiscard]] static constexpr long double nanoseconds_in(std::chrono::duration<Rep, Period> length) noexcept {
    constexpr auto shared = std::gcd(Period::den, std::nano::den);
    constexpr auto times = std::nano::den / shared;  // whole numbers, both of them
    constexpr auto parts = Period::den / shared;
    constexpr auto factor = static_cast<long double>(Period::num) * static_cast<long double>(times);
    return static_cast<long double>(length.count()) * factor / static_cast<long double>(parts);
  }
  [[nodiscard]] static constexpr std::chrono::nanoseconds rounded(long double nanoseconds) noexcept {
    constexpr auto longest = std::chrono::nanoseconds::max();
    if (!(nanoseconds > 0)) return {};  // as `<=` lets NaN pass
    if (nanoseconds >= static_cast<long double>(longest.count())) return longest;
    const std::chrono::nanoseconds whole{static_cast<std::chrono::nanoseconds::rep>(nanoseconds)};
    return static_cast<long double>(whole.count()) < nanoseconds ? whole + std::chrono::nanoseconds{1} : whole;
  }

  std::chrono::nanoseconds length_{0};
};

/// A point on the monotonic clock after which a wait gives up, or never. A value: copy it down through every layer so
/// that one limit covers a whole operation. Steps of the wall clock do not touch it.
class deadline {
 public:
  using clock = std::chrono::steady_clock;

  /// A wait without a limit.
  [[nodiscard]] static constexpr deadline never() noexcept { return deadline{clock::time_point::max()}; }
  /// Already passed: look once, do not wait.
  [[nodiscard]] static constexpr deadline now() noexcept { return deadline{clock::time_point::min()}; }
  /// `limit` from now; what the clock cannot count to is never. Takes a duration of any type: see time_span.
  [[nodiscard]] static deadline after(time_span limit) noexcept {
    if (limit == time_span{}) return now();
    const auto start = clock::now();
    if (limit.length() >= clock::time_point::max() - start) return never();
    return deadline{start + limit.length()};
  }
  /// The time `when` of any clock, as far away from now as it is on that clock at this moment.
  template <class Clock, class Duration>
  [[nodiscard]] static deadline until(std::chrono::time_point<Clock, Duration> when) noexcept {
    const long double then = time_span::nanoseconds_in(when.time_since_epoch());
    return after(time_span::rounded(then - time_span::nanoseconds_in(Clock::now().time_since_epoch())));
  }
  [[nodiscard]] static constexpr deadline at(clock::time_point when) noexcept { return deadline{when}; }

  [[nodiscard]] bool is_never() const noexcept { return when_ == clock::time_point::max(); }
  [[nodiscard]] bool passed() const noexcept {
    return when_ == clock::time_point::min() || (!is_never() && clock::now() >= when_);
  }
  [[nodiscard]] clock::time_point when() const noexcept { return when_; }
  [[nodiscard]] deadline earlier(deadline other) const noexcept { return when_ < other.when_ ? *this : other; }

  /// What is left, in milliseconds rounded up, as `poll(2)` takes it: -1 for never, 0 once passed. That is less than
  /// what is left if this is more than 24 days: look whether it has passed before giving up.
  [[nodiscard]] int poll_timeout() const noexcept;
  /// The absolute `CLOCK_MONOTONIC` time; zero once passed. Not to be called on `never()`.
  [[nodiscard]] timespec monotonic() const noexcept;

 private:
  constexpr explicit deadline(clock::time_point when) noexcept : when_{when} {}
  clock::time_point when_;
};

}  // namespace troupe
