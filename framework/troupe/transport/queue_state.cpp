#include "troupe/transport/queue_state.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/asymmetric_fence.hpp"
#include "troupe/transport/packet_socket.hpp"
#include "troupe/wire/type_identity.hpp"

#include <bit>
#include <cstring>

namespace troupe::transport {

namespace {

constexpr std::size_t smallest_window = std::size_t{256} << 10;
constexpr std::size_t largest_ring = std::size_t{8} << 30;  // 2^30 units: well inside a cursor's 2^32

[[noreturn]] void throw_corrupt(const char* how) {
  throw error{errc::malformed, std::string{"a queue in shared memory is corrupt: "} + how};
}

}  // namespace

// -- making and attaching --------------------------------------------------------------------------------------------

std::size_t byte_queue::slice_size(const byte_queue_limits& limits) noexcept {
  const std::size_t wanted = std::max({limits.backlog, frame_batch::frame_bytes(limits.largest), smallest_window});
  return queue_header_size + std::bit_ceil(std::min(wanted, largest_ring));
}

void queue_state::initialise(std::string_view queue_name, const byte_queue_limits& limits) {
  region.allocate(0, queue_page);
  region.allocate(queue_header_size, smallest_window);
  auto* fresh = new (region.data()) queue_layout;
  fresh->item_limit = limits.items;
  fresh->type = limits.type;
  fresh->backlog = std::min<std::uint64_t>(limits.backlog, ring_size);
  fresh->ring_size = ring_size;
  fresh->asymmetric = memory::asymmetric_fence::available() ? 1 : 0;
  fresh->lost_items = limits.lost_items;
  fresh->most_deliveries = limits.most_deliveries;
  std::copy_n(queue_name.begin(), std::min(queue_name.size(), fresh->name.size() - 1), fresh->name.begin());
  fresh->window.store(smallest_window, std::memory_order_relaxed);
  std::atomic_ref{fresh->magic}.store(queue_magic, std::memory_order_release);
}

bool queue_state::try_abandon() {
  if (layout.producers.try_lock() == memory::robust_lock::outcome::timeout) return false;
  const std::lock_guard producers{layout.producers, std::adopt_lock};
  if (layout.consumers.try_lock() == memory::robust_lock::outcome::timeout) return false;
  const std::lock_guard consumers{layout.consumers, std::adopt_lock};
  const std::size_t backed = window();
  layout.shut_down.store(1, std::memory_order_release);  // first: nobody makes it grow again
  drop_all();
  layout.window.store(smallest_window, std::memory_order_release);
  region.release(queue_header_size, backed);
  return true;
}

void queue_state::reset() {
  const std::lock_guard producers{layout.producers};
  const std::lock_guard consumers{layout.consumers};
  drop_all();
  region.allocate(queue_header_size, window());  // I4: it may have been abandoned
  layout.shut_down.store(0, std::memory_order_release);
}

void queue_state::check(std::uint64_t type) const {
  if (std::atomic_ref{layout.magic}.load(std::memory_order_acquire) != queue_magic || layout.version != queue_version)
    throw error{errc::malformed, "a queue handle refers to shared memory that holds no queue of this version"};
  if (layout.ring_size != ring_size || !std::has_single_bit(ring_size))
    throw error{errc::malformed, "a queue handle refers to a queue that is not as large as its memory"};
  if (layout.asymmetric != 0 && !memory::asymmetric_fence::available())
    throw error{errc::unsupported, "this process may not call membarrier(2), which the maker of this queue relies on"};
  wire::check_type(type, layout.type);
}

std::string_view queue_state::name() const {
  return {layout.name.begin(), std::find(layout.name.begin(), layout.name.end() - 1, '\0')};
}

std::size_t queue_state::waiting() const {
  // The start first: it cannot overtake the tail read after it, so the difference is never negative.
  const std::uint32_t returned = leased() ? layout.returned.load(std::memory_order_acquire) : 0;
  const cursor start = leased() ? next(std::memory_order_acquire) : head(std::memory_order_acquire);
  return std::size_t{tail(std::memory_order_acquire).items - start.items} + returned;
}

// -- the ring --------------------------------------------------------------------------------------------------------

void queue_state::copy_in(std::size_t position, std::span<const std::byte> bytes) {
  const std::size_t size = window();
  if (bytes.size() > size) throw_corrupt("its window is too small");
  if (bytes.empty()) return;
  const std::size_t at = position & (size - 1);
  const std::size_t first = std::min(bytes.size(), size - at);
  std::memcpy(ring + at, bytes.data(), first);
  std::memcpy(ring, bytes.data() + first, bytes.size() - first);
}

void queue_state::copy_out(std::size_t position, std::span<std::byte> bytes) const {
  const std::size_t size = window();
  if (bytes.size() > size) throw_corrupt("its window is too small");
  if (bytes.empty()) return;
  const std::size_t at = position & (size - 1);
  const std::size_t first = std::min(bytes.size(), size - at);
  std::memcpy(bytes.data(), ring + at, first);
  std::memcpy(bytes.data() + first, ring, bytes.size() - first);
}

std::atomic_ref<std::uint64_t> queue_state::word_at(std::size_t position) const {
  return std::atomic_ref{*std::launder(reinterpret_cast<std::uint64_t*>(ring + (position & (window() - 1))))};
}

bool queue_state::too_many_items(cursor start, cursor end) const {
  if (layout.item_limit == 0) return false;
  if (leased()) start = next(std::memory_order_acquire);  // what is out on a lease is not in the way
  return end.items - start.items >= layout.item_limit;
}

bool queue_state::has_room_in_window(cursor end, std::size_t need) const {
  const cursor start = cursor::unpack(layout.head_seen.load(std::memory_order_relaxed));
  const std::size_t used = bytes_between(start, end);
  return !too_many_items(start, end) && (used == 0 || used + need <= layout.backlog) && used + need <= window();
}

bool queue_state::has_room(cursor end, std::size_t need) {
  if (has_room_in_window(end, need)) return true;  // needs no look at the head
  const cursor start = head(std::memory_order_acquire);
  layout.head_seen.store(start.pack(), std::memory_order_relaxed);
  const std::size_t used = bytes_between(start, end);
  if (used > ring_size) throw_corrupt("it is fuller than it is large");
  return !too_many_items(start, end) && (used == 0 || (used + need <= layout.backlog && used + need <= ring_size));
}

cursor queue_state::look_for_items(cursor start) {
  cursor end = cursor::unpack(layout.tail_seen.load(std::memory_order_relaxed));
  if (start.pack() != end.pack()) return end;
  end = tail(std::memory_order_acquire);  // SYNC "item": acquire
  layout.tail_seen.store(end.pack(), std::memory_order_relaxed);
  return end;
}

queue_state::frame queue_state::checked_frame(cursor start, cursor end) const {
  const std::uint64_t length = word_at(position_of(start)).load(std::memory_order_relaxed);
  const std::uint64_t payload = length & ~handles_flag;
  const std::size_t used = bytes_between(start, end);
  if (used > window() || payload > used || frame_size(payload) > used)
    throw_corrupt("a frame is longer than the queue");
  return {payload, (length & handles_flag) != 0,
          start.after_frame(static_cast<std::uint32_t>(frame_size(payload) / unit))};
}

bool queue_state::lock_consumers(deadline limit) {
  const auto outcome = layout.consumers.lock_until(limit);
  if (outcome == memory::robust_lock::outcome::inherited) forget_unfinished_claims();
  return outcome != memory::robust_lock::outcome::timeout;
}

void queue_state::drop_all() {
  const std::uint64_t end = layout.tail.load(std::memory_order_relaxed);
  layout.tail_seen.store(end, std::memory_order_relaxed);  // first: I5 and I6 hold at every moment
  layout.next.store(end, std::memory_order_relaxed);
  layout.returned.store(0, std::memory_order_relaxed);
  layout.head.store(end, std::memory_order_release);
  if (carrier.first.is_intact()) drain_packets(carrier.first.get());
}

// -- growing and shrinking -------------------------------------------------------------------------------------------

void queue_state::ensure_window(cursor end, std::size_t need) {
  const cursor seen = cursor::unpack(layout.head_seen.load(std::memory_order_relaxed));
  if (bytes_between(seen, end) + need <= window()) return;
  const std::size_t wanted = bytes_between(head(std::memory_order_acquire), end) + need;
  if (wanted > window()) grow(std::min(wanted, ring_size));
}

void queue_state::grow(std::size_t used_and_needed) {
  lock_consumers(deadline::never());
  const std::lock_guard consumers{layout.consumers, std::adopt_lock};
  const std::size_t old_window = window();
  const std::size_t new_window = std::bit_ceil(used_and_needed);
  const cursor start = head(std::memory_order_relaxed);
  const std::size_t used = bytes_between(start, tail(std::memory_order_relaxed));
  if (used > old_window || new_window < old_window) throw_corrupt("it is fuller than its window");
  region.allocate(queue_header_size + old_window, new_window - old_window);  // I4 for the window to come
  // I3: a frame byte whose place changes moves beyond the old window, onto garbage. Killed before the store: unchanged.
  const std::size_t end = position_of(start) + used;
  for (std::size_t p = position_of(start); p < end;) {
    const std::size_t run = std::min(end - p, old_window - (p & (old_window - 1)));
    const std::size_t place = p & (new_window - 1);
    if (place >= old_window) std::memcpy(ring + place, ring + (p & (old_window - 1)), run);
    p += run;
  }
  layout.window.store(new_window, std::memory_order_release);  // COMMIT grow
}

void queue_state::shrink_if_empty() {
  const std::lock_guard producers{layout.producers};
  lock_consumers(deadline::never());
  const std::lock_guard consumers{layout.consumers, std::adopt_lock};
  const std::size_t large = window();
  if (large <= kept_when_empty
      || layout.head.load(std::memory_order_relaxed) != layout.tail.load(std::memory_order_relaxed))
    return;
  layout.window.store(smallest_window, std::memory_order_release);  // COMMIT shrink: no frames, so I3 holds
  region.release(queue_header_size + smallest_window, large - smallest_window);
}

}  // namespace troupe::transport
