#include "troupe/transport/byte_queue.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/adaptive_spin.hpp"
#include "troupe/memory/asymmetric_fence.hpp"
#include "troupe/transport/queue_layout.hpp"
#include "troupe/transport/watched.hpp"
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

constexpr auto frame_bytes = frame_batch::frame_bytes;

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

  bool has_room_in_window(cursor end, std::size_t need) const {
    return fits(cursor::unpack(layout.head_seen.load(std::memory_order_relaxed)), end, need);
  }
  bool fits(cursor start, cursor end, std::size_t need) const;
  bool has_room(cursor end, std::size_t need);
  cursor look_for_items(cursor start);
  bool asymmetric() const { return layout.asymmetric != 0; }
  bool shut_down() const { return layout.shut_down.load(std::memory_order_acquire) != 0; }
  void ensure_window(cursor end, std::size_t need);
  void grow(std::size_t used_and_needed);
  void shrink_if_empty();
  void copy_in(std::size_t position, std::span<const std::byte> bytes);
  void copy_out(std::size_t position, std::span<std::byte> bytes) const;
  void write_frame(cursor end, std::size_t payload, std::span<const std::span<const std::byte>> parts);
  std::size_t checked_length(cursor start, cursor end) const;
  void initialise(const byte_queue_limits& limits, std::size_t ring_bytes);
  void reset();
};

namespace {

std::size_t bytes_between(cursor from, cursor to) { return std::size_t{to.units - from.units} * unit; }
std::size_t position_of(cursor c) { return std::size_t{c.units} * unit; }

// How this thread waits for its partners: learned on one queue, good for the next.
thread_local memory::adaptive_spin spin;

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
  fresh->asymmetric = memory::asymmetric_fence::available() ? 1 : 0;
  fresh->window.store(smallest_window, std::memory_order_relaxed);
  std::atomic_ref{fresh->magic}.store(queue_magic, std::memory_order_release);
}

/// Empties a queue whose owner died. The locks stay as they are: somebody may be inside.
void byte_queue::state::reset() {
  const std::lock_guard producers{layout.producers};
  const std::lock_guard consumers{layout.consumers};
  const std::uint64_t end = layout.tail.load(std::memory_order_relaxed);
  layout.tail_seen.store(end, std::memory_order_relaxed);
  layout.head.store(end, std::memory_order_release);
  layout.shut_down.store(0, std::memory_order_release);
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
  if (view->layout.asymmetric != 0 && !memory::asymmetric_fence::available())
    throw error{errc::unsupported, "this process may not call membarrier(2), which the maker of this queue relies on"};
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

/// Whether the limits on items and bytes let another frame in between these.
bool byte_queue::state::fits(cursor start, cursor end, std::size_t need) const {
  const std::uint32_t waiting = end.items - start.items;
  if (layout.item_limit != 0 && waiting >= layout.item_limit) return false;
  const std::size_t used = bytes_between(start, end);
  return used == 0 || (used + need <= layout.backlog && used + need <= window());
}

/// The same for the queue as it is. Called under `producers`. What fits into the window needs no look at the head.
bool byte_queue::state::has_room(cursor end, std::size_t need) {
  const cursor seen = cursor::unpack(layout.head_seen.load(std::memory_order_relaxed));
  if (fits(seen, end, need)) return true;
  const cursor start = head(std::memory_order_acquire);
  layout.head_seen.store(start.pack(), std::memory_order_relaxed);
  const std::uint32_t waiting = end.items - start.items;
  if (layout.item_limit != 0 && waiting >= layout.item_limit) return false;
  const std::size_t used = bytes_between(start, end);
  return used == 0 || used + need <= layout.backlog;
}

/// Where the items end, if that is behind `start`. Called under `consumers`.
cursor byte_queue::state::look_for_items(cursor start) {
  cursor end = cursor::unpack(layout.tail_seen.load(std::memory_order_relaxed));
  if (start.pack() != end.pack()) return end;
  end = tail(std::memory_order_acquire);  // SYNC "item": acquire
  layout.tail_seen.store(end.pack(), std::memory_order_relaxed);
  return end;
}

/// Makes the window large enough for a frame that has room. Called under `producers`.
void byte_queue::state::ensure_window(cursor end, std::size_t need) {
  const cursor seen = cursor::unpack(layout.head_seen.load(std::memory_order_relaxed));
  if (bytes_between(seen, end) + need <= window()) return;
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

/// Has `put(end)` write at the end of the queue, under the lock, once a frame of `need` bytes has room there; it
/// returns the new end. False at the limit.
template <class Put>
bool byte_queue::put_when_there_is_room(std::size_t need, deadline limit, wait_hook on_wait, Put put) {
  state& q = *state_;
  if (need > q.ring_size)
    throw error{errc::message_too_large, "an item of " + std::to_string(need - unit) + " bytes is larger than the "
                                             + std::to_string(q.ring_size) + " bytes this queue can ever hold"};
  for (bool looked_long = false;;) {
    memory::event_count::ticket ticket{};
    std::uint64_t head_then = 0;
    {
      if (!q.layout.producers.lock_until(limit)) return false;
      const std::lock_guard held{q.layout.producers, std::adopt_lock};
      if (q.shut_down()) throw error{errc::closed, "put on a queue that was shut down"};
      const cursor end = q.tail(std::memory_order_relaxed);  // we hold the lock of its only writers
      bool room = q.has_room(end, need);
      if (!room && looked_long) {
        ticket = q.layout.not_full.announce(q.asymmetric());
        room = q.has_room(end, need);
      }
      if (room) {
        q.ensure_window(end, need);
        q.layout.tail.store(put(end).pack(), std::memory_order_release);  // COMMIT put; SYNC "item": release
        break;
      }
      head_then = q.layout.head_seen.load(std::memory_order_relaxed);
    }
    if (limit.passed()) return false;
    if (!looked_long) {
      looked_long = !spin.until(
          [&] { return q.layout.head.load(std::memory_order_relaxed) != head_then || q.shut_down(); }, limit);
      continue;
    }
    on_wait();
    if (!q.layout.not_full.wait(ticket, limit)) return false;
    looked_long = false;
  }
  q.layout.not_empty.notify(q.asymmetric());
  return true;
}

put_result byte_queue::put(std::span<const std::span<const std::byte>> parts, deadline limit, wait_hook on_wait) {
  std::size_t payload = 0;
  for (const auto part : parts) payload += part.size();
  const std::size_t need = frame_bytes(payload);
  const bool done = put_when_there_is_room(need, limit, on_wait, [&](cursor end) {
    state_->write_frame(end, payload, parts);
    return end.after_frame(static_cast<std::uint32_t>(need / unit));
  });
  return done ? put_result::done : put_result::timeout;
}

std::size_t byte_queue::put_some(frame_batch& frames, deadline limit, wait_hook on_wait) {
  std::size_t count = 0;
  (void)put_when_there_is_room(frame_bytes(frames.front().size()), limit, on_wait, [&](const cursor start) {
    state& q = *state_;
    cursor end = start;
    std::size_t size = 0;
    do {
      const std::size_t frame = frame_bytes(frames.front().size());
      frames.drop(frame);
      size += frame;
      end = end.after_frame(static_cast<std::uint32_t>(frame / unit));
      ++count;
    } while (!frames.empty() && q.has_room_in_window(end, frame_bytes(frames.front().size())));
    q.copy_in(position_of(start), {frames.bytes().data() - size, size});
    return end;
  });
  return count;
}

// -- get -------------------------------------------------------------------------------------------------------------

/// Has `take(start, end)` copy items out, under the lock, once there is one; it returns where the items start then.
/// False at the limit.
template <class Take>
bool byte_queue::take_when_there_is_one(deadline limit, wait_hook on_wait, Take take) {
  state& q = *state_;
  bool emptied_large = false;
  for (bool looked_long = false;;) {
    memory::event_count::ticket ticket{};
    {
      if (!q.layout.consumers.lock_until(limit)) return false;
      const std::lock_guard held{q.layout.consumers, std::adopt_lock};
      const bool ended = q.shut_down();                        // read before the tail: nothing is put after it is set
      const cursor start = q.head(std::memory_order_relaxed);  // we hold the lock of its only writers
      cursor end = q.look_for_items(start);
      if (start.pack() == end.pack() && looked_long) {
        ticket = q.layout.not_empty.announce(q.asymmetric());
        end = q.look_for_items(start);
      }
      if (start.pack() != end.pack()) {
        const cursor next = take(start, end);
        q.layout.head.store(next.pack(), std::memory_order_release);  // COMMIT get
        emptied_large = next.pack() == end.pack() && q.window() > kept_when_empty;
        break;
      }
      if (ended) throw error{errc::end_of_stream, "the queue was shut down and is empty"};
    }
    if (limit.passed()) return false;
    if (!looked_long) {
      looked_long = !spin.until(
          [&] {
            return q.layout.tail.load(std::memory_order_relaxed) != q.layout.head.load(std::memory_order_relaxed)
                   || q.shut_down();
          },
          limit);
      continue;
    }
    on_wait();
    if (!q.layout.not_empty.wait(ticket, limit)) return false;
    looked_long = false;
  }
  q.layout.not_full.notify(q.asymmetric());
  if (emptied_large) q.shrink_if_empty();
  return true;
}

/// The length of the frame at `start`, all of which lies in front of `end`. Called under `consumers`.
std::size_t byte_queue::state::checked_length(cursor start, cursor end) const {
  std::uint64_t payload = 0;
  copy_out(position_of(start), std::as_writable_bytes(std::span{&payload, 1}));
  const std::size_t used = bytes_between(start, end);
  if (used > window() || payload > used || frame_bytes(payload) > used)
    throw error{errc::malformed, "a queue in shared memory is corrupt: a frame is longer than the queue"};
  return payload;
}

std::optional<wire::buffer> byte_queue::get(deadline limit, wait_hook on_wait) {
  std::optional<wire::buffer> item;
  (void)take_when_there_is_one(limit, on_wait, [&](cursor start, cursor end) {
    item.emplace(state_->checked_length(start, end));
    state_->copy_out(position_of(start) + unit, item->span());
    return start.after_frame(static_cast<std::uint32_t>(frame_bytes(item->size()) / unit));
  });
  return item;
}

std::size_t byte_queue::get_some(frame_batch& frames, std::size_t most, deadline limit, wait_hook on_wait) {
  std::size_t count = 0;
  if (most == 0) return 0;
  (void)take_when_there_is_one(limit, on_wait, [&](const cursor start, cursor end) {
    cursor next = start;
    do {
      const std::size_t frame = frame_bytes(state_->checked_length(next, end));
      next = next.after_frame(static_cast<std::uint32_t>(frame / unit));
      ++count;
    } while (count < most && next.pack() != end.pack());
    const std::size_t size = bytes_between(start, next);
    state_->copy_out(position_of(start), {frames.extend(size), size});
    frames.extended(size);
    return next;
  });
  return count;
}

// -- the rest --------------------------------------------------------------------------------------------------------

std::size_t byte_queue::size() const noexcept {
  // head first: it cannot overtake the tail read after it, so the difference is never negative.
  const cursor start = state_->head(std::memory_order_acquire);
  const cursor end = state_->tail(std::memory_order_acquire);
  return end.items - start.items;
}

bool byte_queue::full() const noexcept {
  const cursor start = state_->head(std::memory_order_acquire);
  const cursor end = state_->tail(std::memory_order_acquire);
  const queue_layout& layout = state_->layout;
  return (layout.item_limit != 0 && end.items - start.items >= layout.item_limit)
         || bytes_between(start, end) + unit > layout.backlog;
}

std::uint32_t byte_queue::item_limit() const noexcept { return state_->layout.item_limit; }

void byte_queue::shutdown(bool drop) {
  queue_layout& layout = state_->layout;
  {
    const std::lock_guard producers{layout.producers};  // no put is half way when the stream ends
    const std::lock_guard consumers{layout.consumers};
    layout.shut_down.store(1, std::memory_order_release);
    if (drop) {
      const std::uint64_t end = layout.tail.load(std::memory_order_relaxed);
      layout.tail_seen.store(end, std::memory_order_relaxed);  // first: I5 holds at every moment
      layout.head.store(end, std::memory_order_release);
    }
  }
  layout.not_empty.notify(state_->asymmetric());
  layout.not_full.notify(state_->asymmetric());
}

bool byte_queue::is_shut_down() const noexcept { return state_->shut_down(); }

class byte_queue::watched_queue final : public watched {
 public:
  explicit watched_queue(std::shared_ptr<state> queue) noexcept : queue_{std::move(queue)} {}
  bool is_ready() override {
    return queue_->shut_down()
           || queue_->head(std::memory_order_acquire).pack() != queue_->tail(std::memory_order_acquire).pack();
  }
  std::optional<memory::parking_spot> announce() override {
    auto& not_empty = queue_->layout.not_empty;
    return not_empty.spot(not_empty.announce(queue_->asymmetric()));
  }

 private:
  std::shared_ptr<state> queue_;
};

waitable byte_queue::watch() const { return waitable{std::make_shared<watched_queue>(state_)}; }

int byte_queue::fd() const noexcept { return state_->region.fd(); }

byte_queue::wait_hook byte_queue::just_wait() noexcept {
  static constexpr auto nothing = [] {};
  return wait_hook{nothing};
}

}  // namespace troupe::transport
