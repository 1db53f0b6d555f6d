#include "troupe/transport/pipe_end.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/asymmetric_fence.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace troupe::transport {

namespace {

using flag = pipe_direction::flag;

constexpr std::size_t chunk = pipe_ring_bytes / 8;             // of a large message, so that both sides copy at once
constexpr std::size_t trusted_size = std::size_t{1} << 20;     // room made for on the sender's word alone
constexpr std::size_t typed_head = sizeof(std::uint64_t);      // the type
constexpr std::size_t large_head = 2 * sizeof(std::uint64_t);  // the type, the size

constexpr auto hang_up_check_every = std::chrono::seconds{1};  // while asleep
constexpr std::uint32_t looks_per_hang_up_check = 64;          // while somebody keeps trying

std::uint64_t this_owner() { return std::uint64_t(::getpid()) << 1; }

[[noreturn]] void throw_end() {
  throw error{errc::end_of_stream,
              "the other end of the pipe was closed, or its process died; all it sent was received"};
}
[[noreturn]] void throw_malformed(const char* what) {
  throw error{errc::malformed, std::string{"the shared memory of a pipe "} + what + "; who wrote that is not troupe"};
}

std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t index) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + index * sizeof word, sizeof word);
  return word;
}

}  // namespace

/// A message of several frames on its way in.
struct pipe_end::large_message {
  std::uint64_t type = raw_bytes;
  std::size_t size = 0;
  std::size_t filled = 0;
  std::span<std::byte> room;         // the receiver's, or all of `own`
  std::unique_ptr<std::byte[]> own;  // grows with what really arrives, not with what the sender claims
  wire::incoming_handles handles;

  void append(std::span<const std::byte> bytes) {
    if (bytes.size() > size - filled) throw_malformed("holds more bytes of a large message than were announced");
    if (bytes.empty()) return;  // there may be no room yet, not even an empty one to copy to
    if (room.size() - filled < bytes.size()) grow(filled + bytes.size());
    std::memcpy(room.data() + filled, bytes.data(), bytes.size());
    filled += bytes.size();
  }
  void grow(std::size_t needed) {
    const std::size_t wanted = std::min(size, std::max({needed, trusted_size, 2 * room.size()}));
    auto larger = std::make_unique_for_overwrite<std::byte[]>(wanted);
    if (filled != 0) std::memcpy(larger.get(), room.data(), filled);
    own = std::move(larger);
    room = {own.get(), wanted};
  }
};

/// What poll(2) and its like see of an end: an epoll instance over the socket (tokens, hang-up) and a descriptor that
/// is always ready, which is listened to exactly while a frame is there.
struct pipe_end::watcher {
  unique_fd always_ready{::eventfd(1, EFD_CLOEXEC)};
  unique_fd epoll{::epoll_create1(EPOLL_CLOEXEC)};

  explicit watcher(int socket) {
    if (!always_ready) throw_errno("eventfd", "pipe");
    if (!epoll) throw_errno("epoll_create1", "pipe");
    control(EPOLL_CTL_ADD, socket, EPOLLIN | EPOLLRDHUP);
    control(EPOLL_CTL_ADD, always_ready.get(), EPOLLIN);
  }
  void show(bool ready) const { control(EPOLL_CTL_MOD, always_ready.get(), ready ? EPOLLIN : 0U); }

 private:
  void control(int what, int fd, std::uint32_t events) const {
    epoll_event event{events, {}};
    if (::epoll_ctl(epoll.get(), what, fd, &event) != 0) throw_errno("epoll_ctl", "pipe");
  }
};

// -- making and moving -----------------------------------------------------------------------------------------------

pipe_end::pipe_end(std::shared_ptr<memory::mirrored_rings> rings, unique_fd socket, std::uint8_t side, bool one_way)
    : rings_{std::move(rings)}
    , socket_{std::move(socket)}
    , side_{side}
    , one_way_{one_way}
    , asymmetric_{layout().asymmetric != 0}
    , outgoing_{&layout().directions[side_]}
    , incoming_{&layout().directions[1 - side_]} {
  const auto ring_of = [&](std::uint8_t writer) { return rings_->ring(one_way_ ? 0 : writer); };
  if (can_write()) writer_ = {ring_of(side_), pipe_ring_bytes, outgoing()};
  if (can_read()) reader_ = {ring_of(1 - side_), pipe_ring_bytes, incoming()};
}

pipe_layout& pipe_end::layout() const noexcept {
  return *std::launder(reinterpret_cast<pipe_layout*>(rings_->header()));
}

std::pair<std::unique_ptr<pipe_end>, std::unique_ptr<pipe_end>> pipe_end::make(bool one_way) {
  auto rings = std::make_shared<memory::mirrored_rings>(
      memory::mirrored_rings::create("troupe-pipe", one_way ? 1 : 2, pipe_ring_bytes));
  auto* fresh = new (rings->header()) pipe_layout{};
  fresh->magic = pipe_magic;
  fresh->version = pipe_version;
  fresh->asymmetric = memory::asymmetric_fence::available() ? 1 : 0;
  for (auto& holder : fresh->holder) holder.store(this_owner(), std::memory_order_relaxed);
  auto [first, second] = packet_socket_pair();
  return {std::unique_ptr<pipe_end>{new pipe_end{rings, std::move(first), 0, one_way}},
          std::unique_ptr<pipe_end>{new pipe_end{rings, std::move(second), 1, one_way}}};
}

std::unique_ptr<pipe_end> pipe_end::attach(unique_fd memory, unique_fd socket, const pipe_ticket& ticket) {
  if (ticket.side > 1) throw error{errc::malformed, "a connection arrived that is neither end of a pipe"};
  auto rings = std::make_shared<memory::mirrored_rings>(
      memory::mirrored_rings::attach(std::move(memory), ticket.one_way ? 1 : 2, pipe_ring_bytes));
  auto& layout = *std::launder(reinterpret_cast<pipe_layout*>(rings->header()));
  if (layout.magic != pipe_magic || layout.version != pipe_version)
    throw error{errc::malformed, "a connection arrived whose shared memory holds no pipe of this version"};
  if (layout.asymmetric != 0 && !memory::asymmetric_fence::available())
    throw error{errc::unsupported, "this process may not call membarrier(2), which the maker of this pipe relies on"};
  std::uint64_t expected = ticket.ticket;  // SYNC "holder", acquire
  if ((expected & 1) == 0) throw error{errc::malformed, "a connection arrived with a ticket that no owner makes"};
  if (!layout.holder[ticket.side].compare_exchange_strong(expected, this_owner()))
    throw error{errc::endpoint_in_use, "this end of the pipe has an owner already, "
                                           + ((expected & 1) == 0 ? "process " + std::to_string(expected >> 1)
                                                                  : std::string{"or is on its way to one"})
                                           + "; an end has one owner at a time"};
  std::unique_ptr<pipe_end> end{new pipe_end{std::move(rings), std::move(socket), ticket.side, ticket.one_way}};
  if ((end->can_read() && !end->reader_.sane()) || (end->can_write() && !end->writer_.sane()))
    throw_malformed("says that it was read or written up to a place where no frame can begin");
  return end;
}

pipe_ticket pipe_end::hand_over() {
  if (large_ || current_stage_ == stage::assembled || current_stage_ == stage::in_ring)
    throw error{
        errc::invalid_argument,
        "an end of a pipe cannot move once parts of a message were taken out of it, as poll() and wait() do with "
        "large messages and with handles; receive it first"};
  if (can_read()) reader_.publish();
  if (can_write()) writer_.hand_over();
  // Odd, and unlike any other ticket of this end: time has passed since.
  const auto now = static_cast<std::uint64_t>(deadline::clock::now().time_since_epoch().count());
  const std::uint64_t ticket = now << 1 | 1;
  layout().holder[side_].store(ticket);  // SYNC "holder", release
  return {ticket, side_, one_way_};
}

pipe_end::~pipe_end() {
  if (left_ || is_copy()) return;
  if (can_write()) {
    outgoing().state.fetch_or(flag::writer_closed);  // SYNC "closed"
    wake(outgoing(), flag::reader_waits | flag::reader_polls);
  }
  if (can_read()) {
    reader_.publish();
    incoming().state.fetch_or(flag::reader_closed);  // SYNC "closed"
    wake(incoming(), flag::writer_waits);
  }
}

// -- waiting ---------------------------------------------------------------------------------------------------------

void pipe_end::look_for_hang_up(patience& known, std::uint32_t interrupts) const {
  known.interrupts = interrupts;
  known.hung_up = has_hung_up(socket_fd());
}

/// Waits until `ready()`, which is true after a SYNC "frame" or "released" of the other side.
///
/// The sleeper sets its flag, then looks again; the other side commits, then reads the flags. The heavy fence between
/// the sleeper's two steps and the light one between the other's make sure that at least one sees the other (SYNC
/// "waits").
template <class Ready>
pipe_end::outcome pipe_end::wait(pipe_direction& way, std::uint32_t my_flag, patience& known, deadline limit,
                                 Ready ready) {
  const std::uint32_t closed = my_flag == flag::reader_waits ? flag::writer_closed : flag::reader_closed;
  for (;;) {
    const std::uint32_t interrupts = memory::interrupt::sample();  // before any look, so that no death is missed
    if (ready()) return outcome::ready;
    // What the other side did before it closed or died is visible once that is known.
    if (is_gone(known, way, closed, interrupts)) return ready() ? outcome::ready : outcome::gone;
    if (limit.passed()) {
      if (++known.in_vain % looks_per_hang_up_check == 0) known.interrupts.reset();
      return outcome::timeout;
    }
    if (known.spin.until(ready, limit)) return outcome::ready;

    const memory::parking_spot spot = announce(way, my_flag);
    if (!ready() && (spot.seen & closed) == 0) {
      const deadline nap = limit.earlier(deadline::after(hang_up_check_every));
      if (!memory::park(way.state, spot.seen, interrupts, nap)) known.interrupts.reset();
    }
  }
}

/// Only the other side clears the flag: several threads of this side may have asked.
memory::parking_spot pipe_end::announce(pipe_direction& way, std::uint32_t my_flag) noexcept {
  const std::uint32_t state = way.state.fetch_or(my_flag) | my_flag;  // SYNC "waits", the sleeper
  memory::asymmetric_fence::heavy(asymmetric_);
  return {&way.state, state};
}

/// Clears those of `flags` that are set, counts the wake, and wakes who set them.
void pipe_end::wake(pipe_direction& way, std::uint32_t flags) noexcept {
  std::uint32_t before = way.state.load(std::memory_order_relaxed);  // the CAS orders
  while (!way.state.compare_exchange_weak(before, (before & ~flags) + pipe_direction::one_wake)) {
  }
  memory::unpark_all(way.state);
  if ((before & flags & flag::reader_polls) != 0 && socket_.is_intact()) send_token(socket_.get());
}

// -- sending ---------------------------------------------------------------------------------------------------------

void pipe_end::throw_broken() {
  throw error{errc::broken_pipe, "sending on a pipe whose other end was closed, or whose process died"};
}

std::span<std::byte> pipe_end::typed_room() noexcept {
  constexpr std::size_t comfortable = 4096;
  const std::size_t room = std::min(writer_.room(comfortable), longest_frame());
  if (room < typed_head) return {};
  return {writer_.payload() + typed_head, room - typed_head};
}

void pipe_end::commit_typed(std::uint64_t type, std::size_t size) noexcept {
  std::memcpy(writer_.payload(), &type, sizeof type);
  commit(frame_header::typed, typed_head + size);
}

std::span<std::byte> pipe_end::reserve(std::size_t size) noexcept {
  reserved_ = {writer_.position(), size, true};
  return {writer_.payload(), size};
}

void pipe_end::commit_reserved(std::size_t size) {
  if (!reserved_.valid || reserved_.at != writer_.position() || size > reserved_.size)
    throw error{errc::invalid_argument,
                "commit() of " + std::to_string(size)
                    + " bytes that reserve() did not give, or that were given up since: sending "
                      "anything else does so"};
  commit(frame_header::raw, size);  // moves the position, which ends the reservation
}

bool pipe_end::wait_long_for_room(std::size_t size, deadline limit) {
  const auto enough = [&] { return writer_.fits(size) || !writer_.sane(); };
  switch (wait(outgoing(), flag::writer_waits, for_room_, limit, enough)) {
  case outcome::ready: break;
  case outcome::timeout: return false;
  case outcome::gone: throw_broken();
  }
  if (!writer_.sane()) throw_malformed("says that more was read than was written");
  return true;
}

/// One frame: some words, then some bytes. False if there was no room for it at the limit.
bool pipe_end::put_frame(std::uint8_t kind, std::span<const std::uint64_t> head, std::span<const std::byte> bytes,
                         std::span<const int> handles, deadline limit) {
  const std::size_t length = head.size_bytes() + bytes.size();
  if (!wait_for_room(length, limit)) return false;
  if (!handles.empty()) {
    // First the descriptors, then the frame: if this process dies in between, nobody asks for them.
    const std::uint64_t tag = writer_.position();
    switch (send_packet(socket_fd(), std::as_bytes(std::span{&tag, 1}), {}, handles, limit)) {
    case packet_result::done: break;
    case packet_result::timeout: return false;
    case packet_result::gone: throw_broken();
    }
    kind |= frame_header::with_handles;
  }
  if (!head.empty()) std::memcpy(writer_.payload(), head.data(), head.size_bytes());
  copy_(writer_.payload() + head.size_bytes(), bytes);
  writer_.hand_over_behind(length);  // the message may carry this very end
  commit(kind, length);
  return true;
}

bool pipe_end::send(std::uint64_t type, std::span<const std::byte> bytes, std::span<const int> handles,
                    deadline limit) {
  if (bytes.size() <= longest_frame() - typed_head) {
    if (type == raw_bytes) return put_frame(frame_header::raw, {}, bytes, handles, limit);
    return put_frame(frame_header::typed, {&type, 1}, bytes, handles, limit);
  }
  const std::array<std::uint64_t, 2> head{type, bytes.size()};
  if (!put_frame(frame_header::first, head, bytes.first(chunk), handles, limit)) return false;
  for (bytes = bytes.subspan(chunk); bytes.size() > chunk; bytes = bytes.subspan(chunk))
    (void)put_frame(frame_header::more, {}, bytes.first(chunk), {}, deadline::never());
  (void)put_frame(frame_header::last, {}, bytes, {}, deadline::never());
  return true;
}

// -- receiving -------------------------------------------------------------------------------------------------------

bool pipe_end::next_frame(deadline limit) {
  if (reader_.ready()) [[likely]]
    return true;
  reader_.publish();  // the writer may be waiting for just this much
  memory::asymmetric_fence::light(asymmetric_);
  if ((incoming().state.load(std::memory_order_relaxed) & flag::writer_waits) != 0)
    wake(incoming(), flag::writer_waits);
  switch (wait(incoming(), flag::reader_waits, for_frames_, limit, [this] { return reader_.ready(); })) {
  case outcome::ready: return true;
  case outcome::timeout: return false;
  case outcome::gone: break;
  }
  // What the sender was in the middle of was never sent. The descriptors of it may be ends that others wait for.
  drain_packets(socket_fd());
  throw_end();
}

bool pipe_end::seems_ready() const {
  return reader_.seems_ready() || (incoming().state.load(std::memory_order_acquire) & flag::writer_closed) != 0
         || has_hung_up(socket_fd());
}

/// The front is a whole message without handles, as nearly all are: makes it the current one.
bool pipe_end::take_simple_frame() {
  const frame_reader::frame frame = reader_.front();
  if (frame.kind == frame_header::raw) {
    current_.type = raw_bytes;
    current_.bytes = frame.payload;
  } else if (frame.kind == frame_header::typed && frame.payload.size() >= typed_head) {
    current_.type = word_at(frame.payload, 0);
    current_.bytes = frame.payload.subspan(typed_head);
  } else {
    return false;
  }
  current_frame_ = frame.payload.size();
  current_stage_ = stage::simple;
  return true;
}

pipe_end::message* pipe_end::arrive_slowly(deadline limit, std::span<std::byte> into) {
  try {
    while (current_stage_ == stage::none) {
      if (!next_frame(limit)) {
        if (watcher_) arm_watcher();
        return nullptr;
      }
      if (take_frame(into)) break;
    }
  } catch (...) {
    large_.reset();                      // it may fill the caller's memory
    if (watcher_) watcher_->show(true);  // receiving would not block but throw again
    throw;
  }
  return &current_;
}

/// Looks at the frame at the front. True if the current message is complete now.
bool pipe_end::take_frame(std::span<std::byte> into) {
  if (!large_ && take_simple_frame()) return true;
  const frame_reader::frame frame = reader_.front();
  const std::uint8_t kind = frame.kind & ~frame_header::with_handles;
  const bool starts = kind == frame_header::raw || kind == frame_header::typed || kind == frame_header::first;
  if (starts == (large_ != nullptr)) throw_malformed("holds the parts of a message in the wrong order");
  const std::size_t head = kind == frame_header::typed ? typed_head : kind == frame_header::first ? large_head : 0;
  if (frame.payload.size() < head) throw_malformed("holds a frame that is too short");
  const auto bytes = frame.payload.subspan(head);
  const bool has_handles = (frame.kind & frame_header::with_handles) != 0;

  switch (kind) {
  case frame_header::raw:
  case frame_header::typed:
    current_.type = kind == frame_header::raw ? raw_bytes : word_at(frame.payload, 0);
    current_.bytes = bytes;
    current_.handles = handles_of_frame();
    current_frame_ = frame.payload.size();
    current_stage_ = stage::in_ring;
    return true;
  case frame_header::first: {
    auto large = std::make_unique<large_message>();
    large->type = word_at(frame.payload, 0);
    large->size = word_at(frame.payload, 1);
    if (large->type == raw_bytes && into.size() >= large->size) large->room = into;
    if (has_handles) large->handles = handles_of_frame();
    large->append(bytes);
    large_ = std::move(large);
    break;
  }
  case frame_header::more:
  case frame_header::last: large_->append(bytes); break;
  default: throw_malformed("holds a frame of unknown kind");
  }
  pop(frame.payload.size());
  if (kind != frame_header::last) return false;
  if (large_->filled != large_->size) throw_malformed("holds fewer bytes of a large message than were announced");
  current_.type = large_->type;
  current_.bytes = large_->room.first(large_->size);
  current_.handles = std::move(large_->handles);
  current_stage_ = stage::assembled;
  return true;
}

wire::incoming_handles pipe_end::handles_of_frame() {
  for (;;) {
    std::uint64_t tag = 0;
    auto packet = receive_packet(socket_fd(), std::as_writable_bytes(std::span{&tag, 1}), {}, deadline::now());
    if (packet.result != packet_result::done) throw_malformed("announces descriptors that did not come");
    // Smaller packets are tokens; another tag belongs to a frame that a former owner of the other end did not commit.
    if (packet.size == sizeof tag && tag == reader_.position())
      return wire::incoming_handles{std::move(packet.descriptors), packet.cut};
  }
}

void pipe_end::finish_slowly() noexcept {
  if (current_stage_ == stage::simple || current_stage_ == stage::in_ring) pop(current_frame_);
  large_.reset();
  current_.handles = {};
  current_stage_ = stage::none;
  if (watcher_) arm_watcher();
}

// -- being watched ---------------------------------------------------------------------------------------------------

int pipe_end::poll_fd() {
  if (!watcher_) {
    watcher_ = std::make_unique<watcher>(socket_fd());
    arm_watcher();
  }
  return watcher_->epoll.get();
}

/// Shows a frame that is there; else asks for a token with the next one.
void pipe_end::arm_watcher() {
  if (!can_read()) return watcher_->show(false);
  bool ready = reader_.ready() || current_stage_ != stage::none;
  if (!ready) {
    if (socket_.is_intact()) drain_tokens(socket_.get());
    const std::uint32_t state = incoming().state.fetch_or(flag::reader_polls);  // SYNC "waits", the sleeper
    memory::asymmetric_fence::heavy(asymmetric_);
    ready = reader_.ready() || (state & flag::writer_closed) != 0;
  }
  watcher_->show(ready);
}

}  // namespace troupe::transport
