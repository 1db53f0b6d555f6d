#pragma once

#include "troupe/base/deadline.hpp"

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

namespace troupe {

namespace transport {
class watched;
}

/// Something that `wait` can wait for: a connection, a queue, a process (`process::sentinel`), or a file descriptor to
/// read from. It refers to the object, which must outlive it.
class waitable {
 public:
  waitable(int descriptor);
  explicit waitable(std::shared_ptr<transport::watched> object) noexcept : object_{std::move(object)} {}

  /// Whether using it would not block: there is a message or an item, or the end of the stream; the process has ended;
  /// the descriptor is readable, hung up, or no descriptor. Throws errc::closed for a closed handle.
  [[nodiscard]] bool is_ready() const;

 private:
  friend std::vector<std::size_t> wait_until(std::span<const waitable> objects, deadline limit);
  std::shared_ptr<transport::watched> object_;
};

/// Which of the objects are ready, by their index: at least one, unless the limit passed first. At most 126
/// connections and queues, and any number of processes and descriptors; else errc::invalid_argument. Any number of
/// threads may wait for one object; all of them learn that it is ready, and whoever comes first gets what is there.
[[nodiscard]] std::vector<std::size_t> wait_until(std::span<const waitable> objects, deadline limit);

/// Blocks until at least one of the objects is ready: `for (std::size_t i : troupe::wait({a, b, items,
/// child.sentinel()}))`.
[[nodiscard]] inline std::vector<std::size_t> wait(std::span<const waitable> objects) {
  return wait_until(objects, deadline::never());
}
[[nodiscard]] inline std::vector<std::size_t> wait(std::initializer_list<waitable> objects) {
  return wait_until({objects.begin(), objects.size()}, deadline::never());
}
/// Those that are ready now; may be none.
[[nodiscard]] inline std::vector<std::size_t> try_wait(std::span<const waitable> objects) {
  return wait_until(objects, deadline::now());
}
[[nodiscard]] inline std::vector<std::size_t> try_wait(std::initializer_list<waitable> objects) {
  return wait_until({objects.begin(), objects.size()}, deadline::now());
}
/// None if none was ready within `limit`.
template <class Rep, class Period>
[[nodiscard]] std::vector<std::size_t> try_wait_for(std::span<const waitable> objects,
                                                    std::chrono::duration<Rep, Period> limit) {
  return wait_until(objects, deadline::after(limit));
}
template <class Rep, class Period>
[[nodiscard]] std::vector<std::size_t> try_wait_for(std::initializer_list<waitable> objects,
                                                    std::chrono::duration<Rep, Period> limit) {
  return wait_until({objects.begin(), objects.size()}, deadline::after(limit));
}

}  // namespace troupe
