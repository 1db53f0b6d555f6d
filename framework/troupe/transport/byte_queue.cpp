#include "troupe/transport/byte_queue.hpp"

#include "troupe/base/error.hpp"
#include "troupe/transport/queue_layout.hpp"
#include "troupe/wire/type_identity.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>

namespace troupe::transport {

namespace {

constexpr std::size_t smallest_window = std::size_t{256} << 10;
constexpr std::size_t kept_when_empty = std::size_t{4} << 20;  // a window up to this is kept warm
constexpr std::size_t largest_ring = std::size_t{8} << 30;     // 2^30 units: well inside a cursor's 2^32

std::size_t frame_bytes(std::size_t payload) { return unit + (payload + unit - 1) / unit * unit; }

std::size_t ring_size_for(const byte_queue_limits& limits) {
  const std::size_t wanted = std::max({limits.backlog, frame_bytes(limits.largest), smallest_window});
  return std::bit_ceil(std::min(wanted, largest_ring));
}

}  // namespace

/// One process's view of a queue.
struct byte_queue::state {
  explicit state(memory::region r) : region{std::move(r)}, ring_size{region.size() - queue_header_size} {}

  memory::region region;
  queue_layout& layout = *std::launder(reinterpret_cast<queue_layout*>(region.data()));
  std::byte* ring = region.data() + queue_header_size;
  const std::size_t ring_size;  // as mapped here: no lie in the shared page leads outside

  cursor tail(std::memory_order order) const { return cursor::unpack(layout.tail.load(order)); }
  cursor head(std::memory_order order) const { return cursor::unpack(layout.head.load(order)); }
  // Relaxed: every caller holds one of the two locks, and the window changes under both.
  std::size_t window() const { return std::min<std::size_t>(layout.window.load(std::memory_order_relaxed), ring_size); }

  bool has_room(cursor end, std::size_t need) const;
  void ensure_window(cursor end, std::size_t need);
  void grow(std::size_t used_and_needed);
  void shrink_if_empty();
  void copy_in(std::size_t position, std::span<const std::byte> bytes);
  void copy_out(std::size_t position, std::span<std::byte> bytes) const;
  void write_frame(cursor end, std::size_t payload, std::span<const std::span<const std::byte>> parts);
  std::optional<wire::buffer> take(cursor start, cursor end);
  void initialise(const byte_queue_limits& limits, std::size_t ring_bytes);
  void reset();
};

namespace {

std::size_t bytes_between(cursor from, cursor to) { return std::size_t{to.units - from.units} * unit; }
std::size_t position_of(cursor c) { return std::size_t{c.units} * unit; }

}  // namespace

// -- making and attaching --------------------------------------------------------------------------------------------

void byte_queue::state::initialise(const byte_queue_limits& limits, std::size_t ring_bytes) {
  region.allocate(0, queue_header_size + smallest_window);
  auto* fresh = new (region.data()) queue_layout;
  fresh->item_limit = limits.items;
  fresh->type = limits.type;
  fresh->backlog = std::min<std::uint64_t>(limits.backlog, ring_bytes);
  fresh->ring_size = ring_bytes;
  fresh->first_window = smallest_window;
  fresh->window.store(smallest_window, std::memory_order_relaxed);
  std::atomic_ref{fresh->magic}.store(queue_magic, std::memory_order_release);
}

/// Empties a queue whose owner died. The locks stay as they are: somebody may be inside.
void byte_queue::state::reset() {
  const std::lock_guard producers{layout.producers};
  const std::lock_guard consumers{layout.consumers};
  layout.head.store(layout.tail.load(std::memory_order_relaxed), std::memory_order_seq_cst);
  layout.shut_down.store(0, std::memory_order_seq_cst);
}

byte_queue byte_queue::create(std::string_view name, const byte_queue_limits& limits) {
  const std::size_t size = slice_size(limits);
  auto made = std::make_shared<state>(memory::region::create(name, size, queue_header_size));
  made->initialise(limits, size - queue_header_size);
  return byte_queue{std::move(made)};
}

byte_queue byte_queue::create_in(memory::region slice, const byte_queue_limits& limits) {
  slice.allocate(0, queue_header_size);
  auto made = std::make_shared<state>(std::move(slice));
  if (std::atomic_ref{made->layout.magic}.load(std::memory_order_acquire) == queue_magic)
    made->reset();
  else
    made->initialise(limits, slice_size(limits) - queue_header_size);
  return byte_queue{std::move(made)};
}

byte_queue byte_queue::attach(unique_fd file, std::uint64_t type) {
  return attach_to(memory::region::attach(std::move(file)), type);
}

byte_queue byte_queue::attach_to(memory::region slice, std::uint64_t type) {
  auto view = std::make_shared<state>(std::move(slice));
  const std::size_t size = view->region.size();
  if (size < queue_header_size || std::atomic_ref{view->layout.magic}.load(std::memory_order_acquire) != queue_magic
      || view->layout.version != queue_version)
    throw error{errc::malformed, "a queue handle refers to shared memory that holds no queue of this version"};
  if (view->layout.ring_size > size - queue_header_size || !std::has_single_bit(view->layout.ring_size))
    throw error{errc::malformed, "a queue handle refers to a queue larger than its memory"};
  wire::check_type(type, view->layout.type);
  return byte_queue{std::move(view)};
}

std::size_t byte_queue::slice_size(const byte_queue_limits& limits) noexcept {
  return queue_header_size + ring_size_for(limits);
}

// -- the ring --------------------------------------------------------------------------------------------------------

void byte_queue::state::copy_in(std::size_t position, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::size_t at = position & (window() - 1);
  const std::size_t first = std::min(bytes.size(), window() - at);
  std::memcpy(ring + at, bytes.data(), first);
  std::memcpy(ring, bytes.data() + first, bytes.size() - first);
}

void byte_queue::state::copy_out(std::size_t position, std::span<std::byte> bytes) const {
  if (bytes.empty()) return;
  const std::size_t at = position & (window() - 1);
  const std::size_t first = std::min(bytes.size(), window() - at);
  std::memcpy(bytes.data(), ring + at, first);
  std::memcpy(bytes.data() + first, ring, bytes.size() - first);
}

/// Whether the limits on items and bytes let another frame in. Called under `producers`.
bool byte_queue::state::has_room(cursor end, std::size_t need) const {
  const cursor start = head(std::memory_order_seq_cst);
  const std::uint32_t waiting = end.items - start.items;
  if (layout.item_limit != 0 && waiting >= layout.item_limit) return false;
  const std::size_t used = bytes_between(start, end);
  return used == 0 || used + need <= layout.backlog;
}

/// Makes the window large enough for a frame that has room. Called under `producers`.
void byte_queue::state::ensure_window(cursor end, std::size_t need) {
  const std::size_t wanted = bytes_between(head(std::memory_order_acquire), end) + need;
  if (wanted > window()) grow(std::min(wanted, ring_size));
}

void byte_queue::state::grow(std::size_t used_and_needed) {
  const std::lock_guard consumers{layout.consumers};
  const std::size_t old_window = window();
  const std::size_t new_window = std::bit_ceil(used_and_needed);
  region.allocate(queue_header_size + old_window, new_window - old_window);  // I4 for the window to come
  // I3: a frame byte whose place changes moves beyond the old window, onto garbage. Killed before the store: unchanged.
  const std::size_t end = position_of(head(std::memory_order_relaxed))
                          + bytes_between(head(std::memory_order_relaxed), tail(std::memory_order_relaxed));
  for (std::size_t p = position_of(head(std::memory_order_relaxed)); p < end;) {
    const std::size_t run = std::min(end - p, old_window - (p & (old_window - 1)));
    const std::size_t place = p & (new_window - 1);
    if (place >= old_window) std::memcpy(ring + place, ring + (p & (old_window - 1)), run);
    p += run;
  }
  layout.window.store(new_window, std::memory_order_release);  // COMMIT grow
}

void byte_queue::state::shrink_if_empty() {
  const std::lock_guard producers{layout.producers};
  const std::lock_guard consumers{layout.consumers};
  const std::size_t large = window();
  if (large <= kept_when_empty
      || layout.head.load(std::memory_order_relaxed) != layout.tail.load(std::memory_order_relaxed))
    return;
  layout.window.store(layout.first_window, std::memory_order_release);  // COMMIT shrink: no frames, so I3 holds
  region.release(queue_header_size + layout.first_window, large - layout.first_window);
}

// -- put -------------------------------------------------------------------------------------------------------------

void byte_queue::state::write_frame(cursor end, std::size_t payload,
                                    std::span<const std::span<const std::byte>> parts) {
  std::size_t position = position_of(end);
  const std::uint64_t header = payload;
  copy_in(position, std::as_bytes(std::span{&header, 1}));
  position += unit;
  for (const auto part : parts) {
    copy_in(position, part);
    position += part.size();
  }
}

put_result byte_queue::put(std::span<const std::span<const std::byte>> parts, deadline limit, wait_hook on_wait) {
  state& q = *state_;
  std::size_t payload = 0;
  for (const auto part : parts) payload += part.size();
  const std::size_t need = frame_bytes(payload);
  if (need > q.ring_size)
    throw error{errc::message_too_large, "an item of " + std::to_string(payload) + " bytes is larger than the "
                                             + std::to_string(q.ring_size) + " bytes this queue can ever hold"};
  for (;;) {
    memory::event_count::ticket ticket{};
    {
      if (!q.layout.producers.lock_until(limit)) return put_result::timeout;
      const std::lock_guard held{q.layout.producers, std::adopt_lock};
      if (is_shut_down()) throw error{errc::closed, "put on a queue that was shut down"};
      const cursor end = q.tail(std::memory_order_relaxed);  // we hold the lock of its only writers
      bool room = q.has_room(end, need);
      if (!room) {
        ticket = q.layout.not_full.announce();
        room = q.has_room(end, need);
      }
      if (room) {
        q.ensure_window(end, need);
        q.write_frame(end, payload, parts);
        const auto next = end.after_frame(static_cast<std::uint32_t>(need / unit));
        q.layout.tail.store(next.pack(), std::memory_order_seq_cst);  // COMMIT put; SYNC "item": release
        break;
      }
    }
    on_wait();
    if (!q.layout.not_full.wait(ticket, limit)) return put_result::timeout;
  }
  q.layout.not_empty.notify();
  return put_result::done;
}

// -- get -------------------------------------------------------------------------------------------------------------

/// Copies the frame at `start` out. Called under `consumers`; nothing if the length is a lie.
std::optional<wire::buffer> byte_queue::state::take(cursor start, cursor end) {
  std::uint64_t payload = 0;
  copy_out(position_of(start), std::as_writable_bytes(std::span{&payload, 1}));
  const std::size_t used = bytes_between(start, end);
  if (used > window() || payload > used || frame_bytes(payload) > used) return std::nullopt;
  wire::buffer item{payload};
  copy_out(position_of(start) + unit, item.span());
  return item;
}

std::optional<wire::buffer> byte_queue::get(deadline limit, wait_hook on_wait) {
  state& q = *state_;
  std::optional<wire::buffer> item;
  bool emptied_large = false;
  for (;;) {
    memory::event_count::ticket ticket{};
    {
      if (!q.layout.consumers.lock_until(limit)) return std::nullopt;
      const std::lock_guard held{q.layout.consumers, std::adopt_lock};
      const bool ended = is_shut_down();                       // read before the tail: nothing is put after it is set
      const cursor start = q.head(std::memory_order_relaxed);  // we hold the lock of its only writers
      cursor end = q.tail(std::memory_order_acquire);          // SYNC "item": acquire
      if (start.pack() == end.pack()) {
        ticket = q.layout.not_empty.announce();
        end = q.tail(std::memory_order_seq_cst);
      }
      if (start.pack() != end.pack()) {
        item = q.take(start, end);
        if (!item)
          throw error{errc::malformed, "a queue in shared memory is corrupt: a frame is longer than the queue"};
        const auto next = start.after_frame(static_cast<std::uint32_t>(frame_bytes(item->size()) / unit));
        q.layout.head.store(next.pack(), std::memory_order_seq_cst);  // COMMIT get
        emptied_large = next.pack() == end.pack() && q.window() > kept_when_empty;
        break;
      }
      if (ended) throw error{errc::end_of_stream, "the queue was shut down and is empty"};
    }
    on_wait();
    if (!q.layout.not_empty.wait(ticket, limit)) return std::nullopt;
  }
  q.layout.not_full.notify();
  if (emptied_large) q.shrink_if_empty();
  return item;
}

// -- the rest --------------------------------------------------------------------------------------------------------

std::size_t byte_queue::size() const noexcept {
  // head first: it cannot overtake the tail read after it, so the difference is never negative.
  const cursor start = state_->head(std::memory_order_acquire);
  const cursor end = state_->tail(std::memory_order_acquire);
  return end.items - start.items;
}

bool byte_queue::full() const noexcept {
  const cursor end = state_->tail(std::memory_order_acquire);
  return !state_->has_room(end, unit);
}

std::uint32_t byte_queue::item_limit() const noexcept { return state_->layout.item_limit; }

void byte_queue::shutdown(bool drop) {
  queue_layout& layout = state_->layout;
  {
    const std::lock_guard producers{layout.producers};  // no put is half way when the stream ends
    const std::lock_guard consumers{layout.consumers};
    layout.shut_down.store(1, std::memory_order_seq_cst);
    if (drop) layout.head.store(layout.tail.load(std::memory_order_relaxed), std::memory_order_seq_cst);
  }
  layout.not_empty.notify();
  layout.not_full.notify();
}

bool byte_queue::is_shut_down() const noexcept { return state_->layout.shut_down.load(std::memory_order_seq_cst) != 0; }

int byte_queue::fd() const noexcept { return state_->region.fd(); }

byte_queue::wait_hook byte_queue::just_wait() noexcept {
  static constexpr auto nothing = [] {};
  return wait_hook{nothing};
}

}  // namespace troupe::transport
