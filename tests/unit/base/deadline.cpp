#include "troupe/base/deadline.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <ratio>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("a deadline knows whether it has passed") {
  CHECK(deadline::now().passed());
  CHECK_FALSE(deadline::never().passed());
  CHECK_FALSE(deadline::after(1h).passed());
  CHECK(deadline::after(-1s).passed());
  CHECK(deadline::after(0s).passed());
}

TEST_CASE("a limit too large for the clock is no limit") {
  CHECK(deadline::after(std::chrono::hours::max()).is_never());
  CHECK(deadline::after(std::chrono::duration<double>{1e300}).is_never());
}

TEST_CASE("a time span is made of any duration") {
  using namespace std::chrono;
  constexpr nanoseconds none{0};
  CHECK(time_span{}.length() == none);
  CHECK(time_span{1h}.length() == 3'600'000'000'000ns);
  CHECK(time_span{duration<std::int8_t, std::micro>{127}}.length() == 127us);
  CHECK(time_span{duration<std::int8_t, std::micro>{-128}}.length() == none);
  CHECK(time_span{duration<int, std::pico>{1}}.length() == 1ns);  // rounded up: never too short
  CHECK(time_span{duration<int, std::pico>{1000}}.length() == 1ns);
  CHECK(time_span{duration<int, std::ratio<1, 3>>{1}}.length() == 333'333'334ns);
  CHECK(time_span{duration<double>{0.25}}.length() == 250ms);
  CHECK(time_span{duration<double>{std::numeric_limits<double>::quiet_NaN()}}.length() == none);
  CHECK(time_span{duration<double>{-std::numeric_limits<double>::infinity()}}.length() == none);
  CHECK(time_span{duration<float>{std::numeric_limits<float>::infinity()}} == time_span::max());
  CHECK(time_span{duration<long double, std::exa>{1e-15L}} == time_span{1000s});
  CHECK(time_span{duration<long double, std::exa>{1}} == time_span::max());
  CHECK(time_span{duration<std::uint64_t, std::atto>::max()}.length() == 18'446'744'074ns);
  CHECK(time_span{duration<std::uint64_t>::max()} == time_span::max());
  CHECK(time_span{hours::max()} == time_span::max());
  CHECK(time_span{hours::min()} == time_span{});
  CHECK(time_span{nanoseconds::min()} == time_span{});
  CHECK(time_span{1s} < time_span{2s});
}

TEST_CASE("lengths close to what nanoseconds can count are exact") {
  if constexpr (std::numeric_limits<long double>::digits < 64) return;
  using namespace std::chrono;
  CHECK(time_span{nanoseconds::max()}.length() == nanoseconds::max());
  CHECK(time_span{nanoseconds::max() - 1ns}.length() == nanoseconds::max() - 1ns);
  CHECK(time_span{floor<microseconds>(nanoseconds::max())}.length() == floor<microseconds>(nanoseconds::max()));
  CHECK(time_span{floor<hours>(nanoseconds::max())}.length() == floor<hours>(nanoseconds::max()));
  const auto left = deadline::clock::time_point::max() - deadline::clock::now();
  CHECK(deadline::after(left + 1h).is_never());
  const auto close = deadline::after(left - 1h);
  CHECK_FALSE(close.is_never());
  CHECK(deadline::clock::time_point::max() - close.when() <= 1h);
  CHECK_FALSE(close.passed());
}

TEST_CASE("a deadline is as far away as a point in time is on its clock") {
  using namespace std::chrono;
  CHECK(deadline::until(system_clock::time_point::max()).when() > deadline::after(24h).when());
  CHECK(deadline::until(system_clock::time_point::min()).passed());
  CHECK(deadline::until(steady_clock::time_point::min()).passed());
  CHECK(deadline::until(time_point<system_clock, hours>::max()).is_never());
  CHECK(deadline::until(time_point<system_clock, duration<double>>::max()).is_never());
  const auto soon = steady_clock::now() + 1h;
  const auto same = deadline::until(soon).when();
  CHECK(same >= soon);
  CHECK(same - soon < 1h);
  CHECK_FALSE(deadline::until(system_clock::now() + 1h).passed());
}

TEST_CASE("what is left until a time far in the past or the future is no undefined number") {
  using clock = deadline::clock;
  CHECK(deadline::at(clock::time_point::min() + 1ns).poll_timeout() == 0);
  CHECK(deadline::at(clock::time_point::max() - 1ns).poll_timeout() == std::numeric_limits<int>::max());
  CHECK(deadline::at(clock::time_point::max() - 1ns).monotonic().tv_sec == 9'223'372'036);
  CHECK(deadline::at(clock::time_point::min() + 1ns).monotonic().tv_sec == 0);
}

TEST_CASE("a deadline converts to what the system calls take") {
  CHECK(deadline::never().poll_timeout() == -1);
  CHECK(deadline::now().poll_timeout() == 0);
  CHECK(deadline::after(10us).poll_timeout() == 1);  // rounded up: never too early
  const auto when = deadline::after(1h);
  const timespec absolute = when.monotonic();
  CHECK(std::chrono::seconds{absolute.tv_sec} + std::chrono::nanoseconds{absolute.tv_nsec}
        == when.when().time_since_epoch());
  CHECK(deadline::now().monotonic().tv_sec == 0);
}

TEST_CASE("the earlier of two deadlines is the one that counts") {
  const auto soon = deadline::after(1s);
  CHECK(soon.earlier(deadline::never()).when() == soon.when());
  CHECK(deadline::never().earlier(soon).when() == soon.when());
}
