#pragma once

#include "troupe/transport/byte_queue.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace troupe {

template <class T>
class queue;

/// An item on loan from a queue that was made with leases. It stays the queue's until `done()`; if its holder dies,
/// gives it back, or drops it (an exception on its way out does), somebody gets it once more. Move-only; one thread at
/// a time.
///
///     auto job = jobs.lease();
///     print(*job);
///     job.done();
template <class T>
class lease {
 public:
  [[nodiscard]] T& operator*() noexcept { return value_; }
  [[nodiscard]] T* operator->() noexcept { return &value_; }
  /// How often the item was delivered, this time included: above 1, somebody may have begun with it before.
  [[nodiscard]] std::uint32_t deliveries() const noexcept { return held_.deliveries(); }
  /// How many items had been put before it.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return held_.sequence(); }

  /// The item leaves the queue. Throws errc::closed if this lease has ended already; errc::unsupported, and changes
  /// nothing, in a copy that fork() made of the process that holds it; so does `give_back`.
  void done() { held_.done(); }
  /// The item is the next to be delivered, here or elsewhere. Throws errc::closed if this lease has ended already.
  void give_back() { held_.give_back(); }

 private:
  friend class queue<T>;
  lease(transport::held_item held, T value) : held_{std::move(held)}, value_{std::move(value)} {}

  transport::held_item held_;
  T value_;
};

/// An item of a queue with leases that was delivered as often as the queue allows, and was never done.
template <class T>
struct dead_letter {
  T item;
  std::string queue;  ///< its name
  std::uint64_t sequence = 0;
  std::uint32_t deliveries = 0;
};

}  // namespace troupe
