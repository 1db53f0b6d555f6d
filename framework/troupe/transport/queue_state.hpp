#pragma once

#include "troupe/base/birth_time.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/memory/owner.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/transport/byte_queue.hpp"
#include "troupe/transport/queue_layout.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

/// Private to the transport room.
namespace troupe::transport {

/// In the length of a frame: descriptors belong to it, and the first word of its payload is the tag of their packet.
inline constexpr std::uint64_t handles_flag = std::uint64_t{1} << 63;
/// A window up to this is kept warm when the queue is empty.
inline constexpr std::size_t kept_when_empty = std::size_t{4} << 20;

inline std::size_t bytes_between(cursor from, cursor to) { return std::size_t{to.units - from.units} * unit; }
inline std::size_t position_of(cursor c) { return std::size_t{c.units} * unit; }

/// One process's view of a queue, shared by all its handles there: the memory, and the steps that need one of its
/// locks. What a step needs is said with it; who calls it, and waits, is byte_queue.
class queue_state : public std::enable_shared_from_this<queue_state> {
 public:
  explicit queue_state(memory::region r) : region{std::move(r)}, ring_size{region.size() - queue_header_size} {}
  queue_state(const queue_state&) = delete;
  queue_state& operator=(const queue_state&) = delete;
  /// This process comes back to the queue for the last time.
  ~queue_state();

  // -- making (queue_state.cpp) --------------------------------------------------------------------------------------

  void initialise(std::string_view name, const byte_queue_limits& limits);
  /// Empties a queue whose owner died. The locks stay as they are: somebody may be inside.
  void reset();
  /// See byte_queue::try_abandon.
  [[nodiscard]] bool try_abandon();
  /// Throws unless the memory holds a queue that this program can use, of items of this type.
  void check(std::uint64_t type) const;

  // -- reading -------------------------------------------------------------------------------------------------------

  cursor tail(std::memory_order order) const { return cursor::unpack(layout.tail.load(order)); }
  cursor head(std::memory_order order) const { return cursor::unpack(layout.head.load(order)); }
  cursor next(std::memory_order order) const { return cursor::unpack(layout.next.load(order)); }
  /// A power of two within the ring, whatever lies in the memory. Under one of the locks: it changes under both.
  std::size_t window() const {
    return std::bit_floor(std::min<std::size_t>(layout.window.load(std::memory_order_relaxed), ring_size) | unit);
  }
  bool asymmetric() const { return layout.asymmetric != 0; }
  bool leased() const { return layout.lost_items == delivery::leased; }
  bool shut_down() const { return layout.shut_down.load(std::memory_order_acquire) != 0; }
  std::string_view name() const;
  /// Items that a consumer could take now. A snapshot.
  std::size_t waiting() const;
  /// How many items came before. Called under `consumers`.
  std::uint64_t sequence_of(cursor c) const {
    const std::uint64_t near = layout.taken.load(std::memory_order_relaxed);
    return near
           + static_cast<std::uint64_t>(
               std::int64_t{static_cast<std::int32_t>(c.items - static_cast<std::uint32_t>(near))});
  }

  // -- the ring, under `producers` (queue_state.cpp) -----------------------------------------------------------------

  /// Whether the limits on items and bytes let a frame of `need` bytes in.
  bool has_room(cursor end, std::size_t need);
  /// The same without a look at what the consumers did meanwhile, and without growing.
  bool has_room_in_window(cursor end, std::size_t need) const;
  /// Makes the window large enough for a frame that has room.
  void ensure_window(cursor end, std::size_t need);
  void copy_in(std::size_t position, std::span<const std::byte> bytes);

  // -- the ring, under `consumers` -----------------------------------------------------------------------------------

  bool lock_consumers(deadline limit);
  /// Where the items end, if that is behind `start`.
  cursor look_for_items(cursor start);
  void copy_out(std::size_t position, std::span<std::byte> bytes) const;
  std::atomic_ref<std::uint64_t> word_at(std::size_t position) const;
  /// The frame at `start`, all of which lies in front of `end`. Throws errc::malformed if it does not.
  struct frame {
    std::size_t payload;  // bytes
    bool with_handles;
    cursor after;
  };
  frame checked_frame(cursor start, cursor end) const;
  /// Bytes in front of the payload of each frame.
  std::size_t frame_head() const { return leased() ? 2 * unit : unit; }
  /// Bytes of a whole frame.
  std::size_t frame_size(std::size_t payload) const {
    return frame_batch::frame_bytes(payload) + (leased() ? unit : 0);
  }

  /// Gives memory back. Takes both locks.
  void shrink_if_empty();

  // -- claims (queue_claims.cpp) -------------------------------------------------------------------------------------

  /// This thread comes back: what it had taken is not lost any more. Returns where it signs, if it did before.
  queue_claim* come_back() noexcept;
  /// This thread takes `count` items, from `first` on; `mine` is what `come_back` returned. Under `consumers`.
  void sign(queue_claim* mine, std::uint64_t first, std::uint64_t count);
  void release(queue_claim& mine) noexcept;

  /// If a process has died since the last call: reports what it had taken, or makes its leases available again. Takes
  /// `consumers`; if that cannot be had within the limit, the next call looks again. Calls handlers of the program.
  void look_for_deaths(deadline limit) {
    if (memory::interrupt::sample() != deaths_seen_.load(std::memory_order_relaxed)) [[unlikely]]
      find_the_dead(limit);
  }
  /// The interrupts as of the last look. Who sleeps on these cannot miss a death that came after it.
  std::uint32_t deaths_seen() const noexcept { return deaths_seen_.load(std::memory_order_relaxed); }
  lost_handler on_lost;            // guarded by handlers
  dead_item_handler on_dead_item;  // guarded by handlers
  std::mutex handlers;

  // -- leases (queue_leases.cpp) -------------------------------------------------------------------------------------

  struct lease {
    cursor at;
    std::uint64_t word;  // as this process signed it
    frame what;
  };
  /// Signs for the oldest item that nobody has; nothing if there is none. Under `consumers`.
  std::optional<lease> take_lease();
  /// Whether this process has leases, or nobody has. Under `consumers`.
  bool waits_for_no_lease() const;
  /// Changes what the lease says: to done, or to returned. Nothing happens if the queue was dropped since. Takes
  /// `consumers`.
  void end_lease(cursor at, std::uint64_t word, lease_word::state how);
  bool all_done() const;
  /// All items of the queue, waiting or taken, cease to be. Under both locks.
  void drop_all();

  /// Throws in a process to which the queue does not belong; see birth_time.
  queue_state& usable() {
    born_.check("a queue");
    return *this;
  }

  memory::region region;
  queue_layout& layout = *std::launder(reinterpret_cast<queue_layout*>(region.data()));
  queue_claim* const claims = std::launder(reinterpret_cast<queue_claim*>(region.data() + queue_page));
  std::byte* const ring = region.data() + queue_header_size;
  const std::size_t ring_size;              // as mapped here: no lie in the shared page leads outside
  std::pair<unique_fd, unique_fd> carrier;  // (in, out): descriptors that belong to items; none if they have none

 private:
  bool too_many_items(cursor start, cursor end) const;
  void grow(std::size_t used_and_needed);
  void find_the_dead(deadline limit);
  void forget_unfinished_claims() noexcept;
  void report_claims_of_the_dead(std::uint32_t now, deadline limit);
  bool take_leases_from_the_dead(deadline limit);
  queue_claim& new_claim();
  void advance_head();

  birth_time born_;
  std::atomic<std::uint32_t> deaths_seen_{memory::interrupt::sample() - 1};
  const std::uint64_t serial_ = next_serial();  // of this view in this process
  std::mutex claims_lock_;
  std::vector<queue_claim*> claims_;  // of this process; guarded by claims_lock_
  static std::uint64_t next_serial() noexcept;
};

}  // namespace troupe::transport
