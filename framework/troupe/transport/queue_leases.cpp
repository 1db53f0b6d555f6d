#include "troupe/base/error.hpp"
#include "troupe/transport/queue_state.hpp"

/// Items that stay the queue's until their consumer is done with them.
namespace troupe::transport {

namespace {

std::size_t lease_position(cursor frame) { return position_of(frame) + unit; }

}  // namespace

std::optional<queue_state::lease> queue_state::take_lease() {
  const cursor first_waiting = next(std::memory_order_relaxed);
  const cursor end = look_for_items(first_waiting);
  const auto sign = [&](cursor at, const frame& found, std::uint32_t deliveries) -> lease {
    const lease_word mine{.what = lease_word::taken,
                          .deliveries = std::min(deliveries, lease_word::most_deliveries),
                          .owner = memory::owner::self()};
    word_at(lease_position(at)).store(mine.pack(), std::memory_order_release);  // COMMIT lease of a returned item
    return {at, mine.pack(), found};
  };
  if (const std::uint32_t returned = layout.returned.load(std::memory_order_relaxed); returned != 0) {
    for (cursor at = head(std::memory_order_relaxed); at.pack() != first_waiting.pack();) {
      const frame found = checked_frame(at, first_waiting);
      const auto word = lease_word::unpack(word_at(lease_position(at)).load(std::memory_order_relaxed));
      if (word.what == lease_word::returned) {
        const lease taken = sign(at, found, word.deliveries + 1);
        layout.returned.store(returned - 1, std::memory_order_release);
        return taken;
      }
      at = found.after;
    }
    layout.returned.store(0, std::memory_order_release);  // somebody died between the word and the count
  }
  if (first_waiting.pack() == end.pack()) return std::nullopt;
  const lease taken = sign(first_waiting, checked_frame(first_waiting, end), 1);
  layout.next.store(taken.what.after.pack(), std::memory_order_release);  // COMMIT lease of an item that waited
  return taken;
}

bool queue_state::waits_for_no_lease() const {
  const cursor end = next(std::memory_order_relaxed);
  bool nobody = true;
  for (cursor at = head(std::memory_order_relaxed); at.pack() != end.pack(); at = checked_frame(at, end).after) {
    const auto word = lease_word::unpack(word_at(lease_position(at)).load(std::memory_order_relaxed));
    if (word.what == lease_word::taken && word.owner == memory::owner::self()) return true;
    if (word.what != lease_word::done) nobody = false;
  }
  return nobody;
}

bool queue_state::all_done() const {
  return layout.head.load(std::memory_order_acquire) == layout.tail.load(std::memory_order_acquire);
}

void queue_state::end_lease(cursor at, std::uint64_t word, lease_word::state how) {
  {
    lock_consumers(deadline::never());
    const std::lock_guard held{layout.consumers, std::adopt_lock};
    const cursor start = head(std::memory_order_relaxed);
    if (bytes_between(start, at) >= bytes_between(start, next(std::memory_order_relaxed))) return;  // dropped
    auto current = word_at(lease_position(at));
    if (current.load(std::memory_order_relaxed) != word)
      throw error{errc::malformed, "a queue in shared memory is corrupt: it does not know of a lease that it gave"};
    auto changed = lease_word::unpack(word);
    changed.what = how;
    changed.owner = 0;
    if (how == lease_word::returned)
      layout.returned.fetch_add(1, std::memory_order_release);  // first: I7 holds at every moment
    current.store(changed.pack(), std::memory_order_release);   // COMMIT done, give_back
    advance_head();
  }
  if (how == lease_word::returned || shut_down()) layout.not_empty.notify(asymmetric());
  layout.not_full.notify(asymmetric());
}

/// Called under `consumers`.
void queue_state::advance_head() {
  const cursor start = head(std::memory_order_relaxed);
  const cursor end = next(std::memory_order_relaxed);
  cursor at = start;
  while (at.pack() != end.pack()
         && lease_word::unpack(word_at(lease_position(at)).load(std::memory_order_relaxed)).what == lease_word::done)
    at = checked_frame(at, end).after;
  if (at.pack() == start.pack()) return;
  layout.taken.store(sequence_of(at), std::memory_order_relaxed);
  layout.head.store(at.pack(), std::memory_order_release);
}

void queue_state::take_leases_from_the_dead() {
  std::uint32_t found = 0;
  {
    lock_consumers(deadline::never());
    const std::lock_guard held{layout.consumers, std::adopt_lock};
    const cursor end = next(std::memory_order_relaxed);
    for (cursor at = head(std::memory_order_relaxed); at.pack() != end.pack(); at = checked_frame(at, end).after) {
      auto word = word_at(lease_position(at));
      auto changed = lease_word::unpack(word.load(std::memory_order_relaxed));
      if (changed.what != lease_word::taken || !memory::owner::is_dead(changed.owner)) continue;
      changed.what = lease_word::returned;
      changed.owner = 0;
      layout.returned.fetch_add(1, std::memory_order_release);
      word.store(changed.pack(), std::memory_order_release);  // COMMIT recovery of one lease
      ++found;
    }
    advance_head();  // the dead may not have come to it
  }
  if (found != 0) layout.not_empty.notify(asymmetric());
  layout.not_full.notify(asymmetric());
}

}  // namespace troupe::transport
