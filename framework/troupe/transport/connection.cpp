#include "troupe/transport/connection.hpp"

#include "troupe/base/error.hpp"
#include "troupe/transport/pipe.hpp"
#include "troupe/transport/pipe_end.hpp"
#include "troupe/transport/watched.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace troupe {

using transport::pipe_end;
using transport::raw_bytes;

namespace {

/// Throws errc::type_mismatch unless the next message is what was asked for. The message stays where it is.
void expect(std::uint64_t wanted, std::uint64_t next) {
  if (wanted == next) [[likely]]
    return;
  if (next == raw_bytes)
    throw error{errc::type_mismatch,
                "the next message is raw bytes, not " + wire::name_of_type(wanted) + "; receive it with recv_bytes()"};
  if (wanted == raw_bytes)
    throw error{errc::type_mismatch,
                "the next message is " + wire::name_of_type(next) + ", not raw bytes; receive it with recv<T>()"};
  wire::check_type(wanted, next);
}

void expect_room(std::size_t size, std::size_t room) {
  if (size > room)
    throw error{errc::message_too_large, "the next message has " + std::to_string(size)
                                             + " bytes, room was offered for " + std::to_string(room)
                                             + "; it stays receivable"};
}

}  // namespace

connection::connection() noexcept = default;
connection::connection(connection&&) noexcept = default;
connection& connection::operator=(connection&&) noexcept = default;
connection::~connection() = default;

connection::connection(std::unique_ptr<pipe_end> end) : end_{std::move(end)} {}

void connection::close() noexcept { end_.reset(); }
bool connection::is_open() const noexcept { return end_ != nullptr; }
bool connection::readable() const noexcept { return end_ && end_->can_read(); }
bool connection::writable() const noexcept { return end_ && end_->can_write(); }

pipe_end& connection::open(direction needed) const {
  if (!end_) throw error{errc::closed, "this end of the pipe was closed, or moved to another process"};
  end_->born().check("an end of a pipe");
  if (end_->is_copy())
    throw error{errc::endpoint_in_use,
                "this end of the pipe is the copy that fork() made; the parent process is its one owner"};
  if (needed == direction::write && !end_->can_write())
    throw error{errc::wrong_direction,
                "sending on the reading end of a one-way pipe; send on the second end pipe(simplex) gave"};
  if (needed == direction::read && !end_->can_read())
    throw error{errc::wrong_direction,
                "receiving on the writing end of a one-way pipe; receive on the first end pipe(simplex) gave"};
  return *end_;
}

// -- sending ---------------------------------------------------------------------------------------------------------

connection::sending::sending(const connection& owner, deadline limit) {
  pipe_end& end = owner.open(direction::write);
  if (end.begin_send(limit)) end_ = &end;
}
connection::sending::~sending() {
  if (end_ != nullptr) end_->end_send();
}
std::span<std::byte> connection::sending::room() const noexcept { return end_->typed_room(); }
void connection::sending::commit(std::uint64_t type, std::size_t size) const { end_->commit_typed(type, size); }

bool connection::send_message(std::uint64_t type, std::span<const std::byte> bytes, wire::outgoing_handles& handles,
                              deadline limit) const {
  {
    const sending turn{*this, limit};
    if (!turn || !turn.end().send(type, bytes, handles.fds(), limit)) return false;
  }
  handles.sent();  // may be the end of this very connection
  return true;
}

void connection::send_bytes(std::span<const std::byte> bytes) {
  const sending turn{*this, deadline::never()};
  pipe_end& end = turn.end();
  if (bytes.size() > longest_in_place()) return (void)end.send(raw_bytes, bytes, {}, deadline::never());
  (void)end.wait_for_room(bytes.size(), deadline::never());
  end.commit_raw(bytes);
}

std::size_t connection::longest_in_place() noexcept { return pipe_end::longest_frame(); }

std::span<std::byte> connection::reserve(std::size_t size) {
  if (size > longest_in_place())
    throw error{errc::message_too_large, "a message of " + std::to_string(size)
                                             + " bytes cannot be written in place, at most "
                                             + std::to_string(longest_in_place()) + " can; use send_bytes()"};
  const sending turn{*this, deadline::never()};
  (void)turn.end().wait_for_room(size, deadline::never());
  return turn.end().reserve(size);
}

void connection::commit(std::size_t size) {
  const sending turn{*this, deadline::never()};
  turn.end().commit_reserved(size);
}

// -- receiving -------------------------------------------------------------------------------------------------------

connection::turn_to_receive::turn_to_receive(pipe_end& end, deadline limit)
    : end_{end}
    , admitted_{end.begin_receive(limit)} {}
connection::turn_to_receive::~turn_to_receive() {
  if (admitted_) end_.end_receive();
}

connection::receiving::receiving(const connection& owner, std::uint64_t type, deadline limit, std::size_t most,
                                 std::span<std::byte> into)
    : turn_{owner.open(direction::read), limit} {
  if (!turn_.admitted()) return;
  pipe_end::message* next = turn_.end().arrive(limit, into);
  if (next == nullptr) return;
  expect(type, next->type);
  expect_room(next->bytes.size(), most);
  bytes_ = next->bytes;
  handles_ = &next->handles;
}

connection::receiving::~receiving() {
  if (handles_ != nullptr) turn_.end().finish();
}

std::vector<std::byte> connection::recv_bytes(std::size_t most) {
  const receiving turn{*this, raw_bytes, deadline::never(), most};
  return {turn.bytes().begin(), turn.bytes().end()};
}

std::size_t connection::recv_bytes_into(std::span<std::byte> room) {
  const receiving turn{*this, raw_bytes, deadline::never(), room.size(), room};
  if (!turn.bytes().empty() && turn.bytes().data() != room.data())
    std::memcpy(room.data(), turn.bytes().data(), turn.bytes().size());
  return turn.bytes().size();
}

std::span<const std::byte> connection::peek() {
  const turn_to_receive turn{open(direction::read), deadline::never()};
  const pipe_end::message& next = *turn.end().arrive(deadline::never());
  expect(raw_bytes, next.type);
  return next.bytes;
}

void connection::release() {
  const turn_to_receive turn{open(direction::read), deadline::never()};
  turn.end().finish();
}

bool connection::poll_until(deadline limit) const {
  const turn_to_receive turn{open(direction::read), limit};
  if (!turn.admitted()) return turn.end().seems_ready();
  try {
    return turn.end().arrive(limit) != nullptr;
  } catch (const error& e) {
    if (e.code() == errc::end_of_stream) return true;
    throw;
  }
}

int connection::fd() {
  const turn_to_receive turn{open(direction::any), deadline::never()};
  return turn.end().poll_fd();
}

class connection::watched_end final : public transport::watched {
 public:
  explicit watched_end(connection& end) noexcept : end_{end} {}
  bool is_ready() override { return end_.poll_until(deadline::now()); }
  std::optional<memory::parking_spot> announce() override { return end_.open(direction::read).announce_reader(); }

 private:
  connection& end_;
};

connection::operator waitable() { return waitable{std::make_shared<watched_end>(*this)}; }

// -- making and moving -----------------------------------------------------------------------------------------------

std::pair<connection, connection> make_connections(bool one_way) {
  auto [first, second] = pipe_end::make(one_way);
  return {connection{std::move(first)}, connection{std::move(second)}};
}

std::pair<connection, connection> pipe() { return make_connections(false); }
std::pair<connection, connection> pipe(simplex_t) { return make_connections(true); }

connection::travel_papers connection::hand_over() {
  pipe_end& end = open(direction::any);
  const auto ticket = end.hand_over();
  return {end.memory_fd(), end.socket_fd(), ticket.ticket, ticket.side, ticket.one_way};
}

void connection::leave() noexcept {
  end_->leave();
  end_.reset();
}

void connection::take_over(unique_fd memory, unique_fd socket, const travel_papers& papers) {
  end_ = pipe_end::attach(std::move(memory), std::move(socket), {papers.ticket, papers.side, papers.one_way});
}

}  // namespace troupe
