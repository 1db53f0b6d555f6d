#include "troupe/base/deadline.hpp"

#include <algorithm>
#include <limits>

namespace troupe {

int deadline::poll_timeout() const noexcept {
  if (is_never()) return -1;
  const auto now = clock::now();
  if (when_ <= now) return 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(when_ - now).count();
  return static_cast<int>(std::min<decltype(left)>(left, std::numeric_limits<int>::max()));
}

timespec deadline::monotonic() const noexcept {
  const auto since = std::max(when_.time_since_epoch(), clock::duration::zero());
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(since);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since - whole);
  return {static_cast<time_t>(whole.count()), static_cast<long>(rest.count())};
}

}  // namespace troupe
