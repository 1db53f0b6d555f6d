#include "troupe/base/deadline.hpp"
#include "support/catch.hpp"

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
