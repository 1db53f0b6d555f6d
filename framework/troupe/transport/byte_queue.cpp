#include "troupe/transport/byte_queue.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/log.hpp"
#include "troupe/memory/adaptive_spin.hpp"
#include "troupe/transport/packet_socket.hpp"
#include "troupe/transport/queue_state.hpp"
#include "troupe/transport/watched.hpp"

#include <mutex>

namespace troupe::transport {

namespace {

// How this thread waits for its partners: learned on one queue, good for the next.
thread_local memory::adaptive_spin spin;

}  // namespace

// -- making and attaching --------------------------------------------------------------------------------------------

byte_queue byte_queue::create(std::string_view name, const byte_queue_limits& limits) {
  if (limits.most_deliveries >= lease_word::most_deliveries)
    throw error{errc::invalid_argument, "an item can be delivered at most 16382 times; 0 is for no limit"};
  auto made = std::make_shared<queue_state>(memory::region::create(name, slice_size(limits), queue_page));
  made->initialise(name, limits);
  if (limits.with_handles) made->carrier = packet_socket_pair();
  return byte_queue{std::move(made)};
}

byte_queue byte_queue::create_in(memory::region slice, const byte_queue_limits& limits) {
  slice.allocate(0, queue_page);
  auto made = std::make_shared<queue_state>(std::move(slice));
  if (std::atomic_ref{made->layout.magic}.load(std::memory_order_acquire) == queue_magic)
    made->reset();
  else
    made->initialise("inbox", limits);
  return byte_queue{std::move(made)};
}

bool byte_queue::try_abandon() { return state_->try_abandon(); }

byte_queue byte_queue::attach(papers from, std::uint64_t type) {
  byte_queue arrived = attach_to(memory::region::attach(std::move(from.memory)), type);
  arrived.state_->carrier = std::move(from.carrier);
  return arrived;
}

byte_queue byte_queue::attach_to(memory::region slice, std::uint64_t type) {
  if (slice.size() <= queue_header_size)
    throw error{errc::malformed, "a queue handle refers to shared memory that is too small for a queue"};
  auto view = std::make_shared<queue_state>(std::move(slice));
  view->check(type);
  return byte_queue{std::move(view)};
}

byte_queue::descriptors byte_queue::fds() const {
  const queue_state& q = state_->usable();
  if (!q.carrier.first) return {q.region.checked_fd(), -1, -1};
  return {q.region.checked_fd(), q.carrier.first.checked("a queue"), q.carrier.second.checked("a queue")};
}

// -- put -------------------------------------------------------------------------------------------------------------

/// Has `put(end)` write at the end of the queue, under the lock, once a frame of `need` bytes has room there; it
/// returns the new end. `may_put` has the last word on the room. False at the limit.
template <class MayPut, class Put>
bool byte_queue::put_when_there_is_room(std::size_t need, deadline limit, wait_hook on_wait, MayPut may_put, Put put) {
  queue_state& q = state_->usable();
  if (need > q.ring_size)
    throw error{errc::message_too_large, "an item of " + std::to_string(need - unit) + " bytes is larger than the "
                                             + std::to_string(q.ring_size) + " bytes this queue can ever hold"};
  for (bool looked_long = false;;) {
    q.look_for_deaths(deadline::now());  // of consumers, whose lock is not ours to wait for
    memory::event_count::ticket ticket{};
    std::uint64_t head_then = 0;
    {
      if (q.layout.producers.lock_until(limit) == memory::robust_lock::outcome::timeout) return false;
      const std::lock_guard held{q.layout.producers, std::adopt_lock};
      if (q.shut_down()) throw error{errc::closed, "put on a queue that was shut down"};
      const cursor end = q.tail(std::memory_order_relaxed);  // we hold the lock of its only writers
      const auto room = [&] {
        if (!q.has_room(end, need)) return false;
        q.ensure_window(end, need);
        return may_put();
      };
      bool there = room();
      if (!there && looked_long) {
        ticket = q.layout.not_full.announce(q.asymmetric());
        there = room();
      }
      if (there) {
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
    if (!q.layout.not_full.wait(ticket, q.deaths_seen(), limit)) return false;
    looked_long = false;
  }
  q.layout.not_empty.notify(q.asymmetric());
  return true;
}

namespace {

constexpr auto always = [] { return true; };

/// Writes a frame at `end`; returns where it ends. Under `producers`, with room in the window.
cursor write_frame(queue_state& q, cursor end, std::uint64_t flags, std::size_t payload,
                   std::span<const std::span<const std::byte>> parts) {
  const std::uint64_t head[2] = {payload | flags, lease_word{}.pack()};
  std::size_t position = position_of(end);
  q.copy_in(position, std::as_bytes(std::span{head}).first(q.frame_head()));
  position += q.frame_head();
  for (const auto part : parts) {
    q.copy_in(position, part);
    position += part.size();
  }
  return end.after_frame(static_cast<std::uint32_t>(q.frame_size(payload) / unit));
}

/// Sends descriptors ahead of the frame that they belong to; false if there is no room. Under `producers`.
bool send_ahead(queue_state& q, std::uint64_t tag, std::span<const int> handles) {
  const auto send = [&] {
    return send_packet(q.carrier.second.checked("a queue"), std::as_bytes(std::span{&tag, 1}), {}, handles,
                       deadline::now())
           == packet_result::done;
  };
  if (send()) return true;
  if (q.waiting() != 0) return false;
  drain_packets(q.carrier.first.checked("a queue"));  // of producers that were killed before their commit
  return send();
}

/// The descriptors with this tag, which stay where they are. Packets of older tags belong to nobody any more: their
/// producer was killed before its commit, or their consumer after it. Under `consumers`.
std::vector<unique_fd> look_at_handles(queue_state& q, std::uint64_t tag) {
  for (;;) {
    std::uint64_t next = 0;
    auto packet = peek_packet(q.carrier.first.checked("a queue"), std::as_writable_bytes(std::span{&next, 1}));
    if (packet.result != packet_result::done || packet.size != sizeof next || next > tag) return {};
    if (next == tag) return std::move(packet.descriptors);
    drop_packet(q.carrier.first.get());
  }
}

}  // namespace

bool byte_queue::put(std::span<const std::span<const std::byte>> parts, deadline limit, wait_hook on_wait) {
  std::size_t payload = 0;
  for (const auto part : parts) payload += part.size();
  return put_when_there_is_room(state_->frame_size(payload), limit, on_wait, always,
                                [&](cursor end) { return write_frame(*state_, end, 0, payload, parts); });
}

bool byte_queue::put(std::span<const std::byte> bytes, std::span<const int> handles, deadline limit) {
  if (handles.empty()) return put({&bytes, 1}, limit);
  queue_state& q = state_->usable();
  if (!q.carrier.first || q.leased())
    throw error{errc::invalid_argument, "an item with handles in it was put on queue " + std::string{q.name()}
                                            + ", whose items may be delivered more than once; use one without leases"};
  std::uint64_t tag = 0;
  const std::span<const std::byte> parts[2] = {std::as_bytes(std::span{&tag, 1}), bytes};
  const std::size_t payload = sizeof tag + bytes.size();
  const auto sent_ahead = [&] {
    tag = q.layout.carried.load(std::memory_order_relaxed) + 1;
    q.layout.carried.store(tag, std::memory_order_relaxed);  // first: no tag is ever used twice
    return send_ahead(q, tag, handles);
  };
  return put_when_there_is_room(q.frame_size(payload), limit, just_wait(), sent_ahead,
                                [&](cursor end) { return write_frame(q, end, handles_flag, payload, parts); });
}

std::size_t byte_queue::put_some(frame_batch& frames, deadline limit, wait_hook on_wait) {
  queue_state& q = state_->usable();
  std::size_t count = 0;
  (void)put_when_there_is_room(q.frame_size(frames.front().size()), limit, on_wait, always, [&](const cursor start) {
    cursor end = start;
    const std::byte* const first = frames.bytes().data();
    do {
      const std::span<const std::byte> front = frames.front();
      if (q.leased())
        end = write_frame(q, end, 0, front.size(), {&front, 1});
      else
        end = end.after_frame(static_cast<std::uint32_t>(q.frame_size(front.size()) / unit));
      frames.pop();
      ++count;
    } while (!frames.empty() && q.has_room_in_window(end, q.frame_size(frames.front().size())));
    if (!q.leased()) q.copy_in(position_of(start), {first, bytes_between(start, end)});  // a batch is as the ring is
    return end;
  });
  return count;
}

// -- get and lease ---------------------------------------------------------------------------------------------------

/// Has `take()` take something, under the lock, once it can: it returns whether it could. False at the limit.
/// `ready` says without the lock whether it may be worth a try; `ended`, with it, whether nothing comes any more after
/// a shutdown.
template <class Take, class Ready, class Ended>
bool byte_queue::take_when_ready(deadline limit, wait_hook on_wait, Take take, Ready ready, Ended ended) {
  queue_state& q = state_->usable();
  for (bool looked_long = false;;) {
    q.look_for_deaths(limit);
    memory::event_count::ticket ticket{};
    {
      if (!q.lock_consumers(limit)) return false;
      const std::lock_guard held{q.layout.consumers, std::adopt_lock};
      const bool shut_down = q.shut_down();  // read before the tail: nothing is put after it is set
      if (take()) break;
      if (looked_long) {
        ticket = q.layout.not_empty.announce(q.asymmetric());
        if (take()) break;
      }
      if (shut_down && ended()) throw error{errc::end_of_stream, "the queue was shut down and is empty"};
    }
    if (limit.passed()) return false;
    if (!looked_long) {
      looked_long = !spin.until(ready, limit);
      continue;
    }
    on_wait();
    if (!q.layout.not_empty.wait(ticket, q.deaths_seen(), limit)) return false;
    looked_long = false;
  }
  q.layout.not_full.notify(q.asymmetric());
  if (q.layout.window.load(std::memory_order_relaxed) > kept_when_empty && q.all_done()) q.shrink_if_empty();
  return true;
}

/// Has `take(start, end)` copy items out of a queue without leases; it returns where the items start then. `taken()`
/// follows the commit, under the lock.
template <class Take, class Taken>
bool byte_queue::take_items(deadline limit, wait_hook on_wait, Take take, Taken taken) {
  queue_state& q = state_->usable();
  queue_claim* const claim = q.come_back();
  const auto take_some = [&] {
    const cursor start = q.head(std::memory_order_relaxed);  // we hold the lock of its only writers
    const cursor end = q.look_for_items(start);
    if (start.pack() == end.pack()) return false;
    const cursor next = take(start, end);
    const std::uint64_t sequence = q.sequence_of(start);
    const std::uint64_t count = next.items - start.items;
    q.sign(claim, sequence, count);
    q.layout.head.store(next.pack(), std::memory_order_release);  // COMMIT get
    q.layout.taken.store(sequence + count, std::memory_order_relaxed);
    taken();
    return true;
  };
  const auto ready = [&] {
    // Not at once: each look takes the producers' cache line from them, and some items at a time cost less than each.
    for (int i = 0; i < 8; ++i) memory::relax_processor();
    return q.layout.tail.load(std::memory_order_relaxed) != q.layout.head.load(std::memory_order_relaxed)
           || q.shut_down();
  };
  return take_when_ready(limit, on_wait, take_some, ready, always);
}

std::optional<byte_queue::item> byte_queue::get(deadline limit, wait_hook on_wait) {
  queue_state& q = state_->usable();
  std::optional<item> taken;
  if (q.leased()) {
    if (auto held = lease(limit)) {
      taken.emplace(std::move(held->bytes()));
      held->done();
    }
    return taken;
  }
  bool has_handles = false;
  const auto copy = [&](cursor start, cursor end) {
    const auto frame = q.checked_frame(start, end);
    std::size_t position = position_of(start) + q.frame_head();
    std::size_t size = frame.payload;
    taken.emplace();
    if (frame.with_handles && q.carrier.first && size >= unit) {
      has_handles = true;
      taken->handles = wire::incoming_handles{look_at_handles(q, q.word_at(position).load(std::memory_order_relaxed))};
      position += unit;
      size -= unit;
    }
    taken->bytes = wire::buffer{size};
    q.copy_out(position, taken->bytes.span());
    return frame.after;
  };
  (void)take_items(limit, on_wait, copy, [&] {
    if (has_handles) drop_packet(q.carrier.first.get());
  });
  return taken;
}

std::size_t byte_queue::get_some(frame_batch& frames, std::size_t most, deadline limit, wait_hook on_wait) {
  queue_state& q = state_->usable();
  std::size_t count = 0;
  if (most == 0) return 0;
  const auto copy = [&](const cursor start, cursor end) {
    cursor next = start;
    do {
      next = q.checked_frame(next, end).after;
      ++count;
    } while (count < most && next.pack() != end.pack());
    const std::size_t size = bytes_between(start, next);
    q.copy_out(position_of(start), {frames.extend(size), size});
    frames.extended(size);
    return next;
  };
  (void)take_items(limit, on_wait, copy, [] {});
  return count;
}

namespace {

void log_dead_letter(const dead_item& item) {
  log(log_level::error, "queue " + item.queue + ": item " + std::to_string(item.sequence) + " is given up after "
                            + std::to_string(item.deliveries)
                            + " deliveries, none of which was done; handle it with on_dead_letter()");
}

}  // namespace

std::optional<held_item> byte_queue::lease(deadline limit) {
  queue_state& q = state_->usable();
  if (!q.leased())
    throw error{errc::invalid_argument, "queue " + std::string{q.name()} + " was made without leases; make it with "
                                            + "queue_options{.leases = true}"};
  if (memory::owner::is_copy())
    throw error{errc::unsupported, "a process made by fork() cannot hold leases, as nobody would learn of its death; "
                                   "start it with troupe::process"};
  for (;;) {
    std::optional<queue_state::lease> taken;
    held_item held;
    const auto take = [&] {
      taken = q.take_lease();
      if (!taken) return false;
      held.sequence_ = q.sequence_of(taken->at);
      held.bytes_ = wire::buffer{taken->what.payload};
      q.copy_out(position_of(taken->at) + q.frame_head(), held.bytes_.span());
      return true;
    };
    const auto ready = [&] { return q.waiting() != 0 || (q.shut_down() && q.all_done()); };
    try {
      if (!take_when_ready(limit, just_wait(), take, ready, [&] { return q.waits_for_no_lease(); }))
        return std::nullopt;
    } catch (...) {
      if (taken) q.end_lease(taken->at, taken->word, lease_word::returned);
      throw;
    }
    held.at_ = taken->at.pack();
    held.word_ = taken->word;
    held.queue_ = state_;
    const std::uint32_t most = q.layout.most_deliveries;
    if (most == 0 || held.deliveries() <= most) return held;
    dead_item_handler handler;
    {
      const std::lock_guard guard{q.handlers};
      handler = q.on_dead_item ? q.on_dead_item : log_dead_letter;
    }
    handler({std::string{q.name()}, held.sequence(), held.deliveries() - 1, held.bytes().span()});
    held.done();
  }
}

held_item::held_item() noexcept = default;
held_item::held_item(held_item&&) noexcept = default;
held_item& held_item::operator=(held_item&& other) noexcept {
  held_item gives_back{std::move(*this)};
  queue_ = std::move(other.queue_);
  at_ = other.at_;
  word_ = other.word_;
  sequence_ = other.sequence_;
  bytes_ = std::move(other.bytes_);
  return *this;
}

held_item::~held_item() {
  try {
    if (queue_) give_back();
  } catch (...) {  // the lock is beyond use: the item comes back when this process has ended
  }
}

std::uint32_t held_item::deliveries() const noexcept { return lease_word::unpack(word_).deliveries; }

void held_item::done() { end(lease_word::done); }
void held_item::give_back() { end(lease_word::returned); }

void held_item::end(std::uint32_t how) {
  if (!queue_) throw error{errc::closed, "this lease has ended: the item was done, given back, or moved elsewhere"};
  const auto queue = std::exchange(queue_, nullptr);
  if (memory::owner::is_copy())
    throw error{errc::unsupported, "this process is a copy that fork() made; the lease of item "
                                       + std::to_string(sequence_) + " of queue " + std::string{queue->name()}
                                       + " belongs to its parent, which has to end it"};
  queue->end_lease(cursor::unpack(at_), word_, static_cast<lease_word::state>(how));
  if (queue->layout.window.load(std::memory_order_relaxed) > kept_when_empty && queue->all_done())
    queue->shrink_if_empty();
}

bool byte_queue::wait_until_done(deadline limit) {
  queue_state& q = state_->usable();
  for (;;) {
    q.look_for_deaths(limit);  // a lease of the dead comes back
    if (q.all_done()) return true;
    if (limit.passed()) return false;
    const auto ticket = q.layout.not_full.announce(q.asymmetric());
    if (q.all_done()) return true;
    (void)q.layout.not_full.wait(ticket, q.deaths_seen(), limit);
  }
}

bool byte_queue::is_leased() const noexcept { return state_->leased(); }
bool byte_queue::carries_handles() const noexcept { return static_cast<bool>(state_->carrier.first); }
std::string_view byte_queue::name() const noexcept { return state_->name(); }

void byte_queue::on_lost(lost_handler handler) {
  const std::lock_guard guard{state_->handlers};
  state_->on_lost = std::move(handler);
}

void byte_queue::on_dead_item(dead_item_handler handler) {
  const std::lock_guard guard{state_->handlers};
  state_->on_dead_item = std::move(handler);
}

// -- the rest --------------------------------------------------------------------------------------------------------

std::size_t byte_queue::size() const noexcept { return state_->waiting(); }

bool byte_queue::full() const noexcept {
  const queue_layout& layout = state_->layout;
  const std::size_t used =
      bytes_between(state_->head(std::memory_order_acquire), state_->tail(std::memory_order_acquire));
  return (layout.item_limit != 0 && state_->waiting() >= layout.item_limit) || used + unit > layout.backlog;
}

std::uint32_t byte_queue::item_limit() const noexcept { return state_->layout.item_limit; }

void byte_queue::shutdown(bool drop) {
  queue_layout& layout = state_->usable().layout;
  {
    const std::lock_guard producers{layout.producers};  // no put is half way when the stream ends
    state_->lock_consumers(deadline::never());
    const std::lock_guard consumers{layout.consumers, std::adopt_lock};
    layout.shut_down.store(1, std::memory_order_release);
    if (drop) state_->drop_all();
  }
  layout.not_empty.notify(state_->asymmetric());
  layout.not_full.notify(state_->asymmetric());
}

bool byte_queue::is_shut_down() const noexcept { return state_->shut_down(); }

class byte_queue::watched_queue final : public watched {
 public:
  explicit watched_queue(std::shared_ptr<queue_state> queue) noexcept : queue_{std::move(queue)} {}
  bool is_ready() override {
    queue_->look_for_deaths(deadline::now());
    return queue_->shut_down() || queue_->waiting() != 0;
  }
  std::optional<memory::parking_spot> announce() override {
    auto& not_empty = queue_->layout.not_empty;
    return not_empty.spot(not_empty.announce(queue_->asymmetric()));
  }

 private:
  std::shared_ptr<queue_state> queue_;
};

waitable byte_queue::watch() const { return waitable{std::make_shared<watched_queue>(state_)}; }

byte_queue::wait_hook byte_queue::just_wait() noexcept {
  static constexpr auto nothing = [] {};
  return wait_hook{nothing};
}

}  // namespace troupe::transport
