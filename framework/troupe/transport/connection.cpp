#include "troupe/transport/connection.hpp"

#include "troupe/base/error.hpp"
#include "troupe/transport/packet_socket.hpp"
#include "troupe/transport/pipe.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <string>

namespace troupe {

using transport::packet_result;

namespace {

/// A message is a first packet, which starts with this header and carries all handles, and as many further packets of
/// bare bytes as `size` needs. Only this process tree ever sees it, so it is in native byte order.
struct message_header {
  std::uint64_t type;  // identity of the type; 0: raw bytes
  std::uint64_t size;  // of the whole message
};
static_assert(sizeof(message_header) == 16);

constexpr std::uint64_t raw_bytes = 0;
constexpr std::size_t first_part = transport::largest_packet - sizeof(message_header);
constexpr std::size_t trusted_size = std::size_t{1} << 20;  // room made for on the sender's word alone

[[noreturn]] void throw_end() {
  throw error{errc::end_of_stream,
              "the other end of the pipe was closed, or its process died; all it sent was received"};
}
[[noreturn]] void throw_broken() {
  throw error{errc::broken_pipe, "sending on a pipe whose other end was closed, or whose process died"};
}

/// Throws errc::type_mismatch unless the next message is what was asked for. The message stays where it is.
void expect(std::uint64_t wanted, std::uint64_t next) {
  if (wanted == next) return;
  if (next == raw_bytes)
    throw error{errc::type_mismatch,
                "the next message is raw bytes, not " + wire::name_of_type(wanted) + "; receive it with recv_bytes()"};
  if (wanted == raw_bytes)
    throw error{errc::type_mismatch,
                "the next message is " + wire::name_of_type(next) + ", not raw bytes; receive it with recv<T>()"};
  wire::check_type(wanted, next);
}

auto bytes_of(message_header& header) { return std::as_writable_bytes(std::span{&header, 1}); }

}  // namespace

struct connection::state {
  unique_fd socket;
  direction way;
  std::mutex sending;    // keeps the packets of one message together
  std::mutex receiving;  // likewise

  message_header peek(deadline limit, packet_result& result) const;
  incoming take();
};

connection::connection() noexcept = default;
connection::connection(connection&&) noexcept = default;
connection& connection::operator=(connection&&) noexcept = default;
connection::~connection() = default;

connection::connection(unique_fd socket, direction way) : state_{std::make_unique<state>(std::move(socket), way)} {}

void connection::close() noexcept { state_.reset(); }
bool connection::is_open() const noexcept { return state_ != nullptr; }
bool connection::readable() const noexcept { return state_ && state_->way != direction::write; }
bool connection::writable() const noexcept { return state_ && state_->way != direction::read; }

int connection::fd() const { return open(direction::both).socket.get(); }
unsigned char connection::way() const { return static_cast<unsigned char>(open(direction::both).way); }

void connection::adopt(unique_fd socket, unsigned char way) {
  if (way > static_cast<unsigned char>(direction::write))
    throw error{errc::malformed, "a connection arrived with an unknown direction"};
  *this = connection{std::move(socket), static_cast<direction>(way)};
}

connection::state& connection::open(direction needed) const {
  if (!state_) throw error{errc::closed, "this end of the pipe was closed, or moved to another process"};
  if (needed == direction::write && state_->way == direction::read)
    throw error{errc::wrong_direction,
                "sending on the reading end of a one-way pipe; send on the second end pipe(simplex) gave"};
  if (needed == direction::read && state_->way == direction::write)
    throw error{errc::wrong_direction,
                "receiving on the writing end of a one-way pipe; receive on the first end pipe(simplex) gave"};
  return *state_;
}

// -- sending ---------------------------------------------------------------------------------------------------------

bool connection::send_message(std::uint64_t type, std::span<const std::byte> bytes, wire::outgoing_handles& handles,
                              deadline limit) {
  state& s = open(direction::write);
  {
    const std::lock_guard whole_message{s.sending};
    message_header header{type, bytes.size()};
    std::size_t sent = std::min(bytes.size(), first_part);
    auto result = transport::send_packet(s.socket.get(), bytes_of(header), bytes.first(sent), handles.fds(), limit);
    if (result == packet_result::timeout) return false;
    while (result == packet_result::done && sent < bytes.size()) {
      const auto part = bytes.subspan(sent, std::min(bytes.size() - sent, transport::largest_packet));
      result = transport::send_packet(s.socket.get(), part, {}, {}, deadline::never());
      sent += part.size();
    }
    if (result == packet_result::gone) throw_broken();
  }
  handles.sent();
  return true;
}

void connection::send_bytes(std::span<const std::byte> bytes) {
  wire::outgoing_handles none;
  (void)send_message(raw_bytes, bytes, none, deadline::never());
}

// -- receiving -------------------------------------------------------------------------------------------------------

message_header connection::state::peek(deadline limit, packet_result& result) const {
  message_header header{};
  result = transport::peek_packet(socket.get(), bytes_of(header), limit);
  if (result == packet_result::gone) throw_end();
  return header;
}

connection::incoming connection::state::take() {
  message_header header{};
  std::vector<std::byte> bytes(first_part);
  auto first = transport::receive_packet(socket.get(), bytes_of(header), bytes, deadline::never());
  if (first.result == packet_result::gone || first.size < sizeof header) throw_end();
  std::size_t filled = first.size - sizeof header;
  while (filled < header.size) {
    const std::size_t wanted = std::min<std::uint64_t>(header.size - filled, transport::largest_packet);
    if (bytes.size() < filled + wanted)  // grows with what really arrives, not with what the header claims
      bytes.resize(std::min<std::uint64_t>(header.size, std::max(trusted_size, 2 * (filled + wanted))));
    const auto next =
        transport::receive_packet(socket.get(), {}, std::span{bytes}.subspan(filled, wanted), deadline::never());
    if (next.result == packet_result::gone) throw_end();  // the sender died half way: the partial message is dropped
    filled += next.size;
  }
  wire::buffer whole{filled};
  std::memcpy(whole.data(), bytes.data(), filled);
  return {std::move(whole), wire::incoming_handles{std::move(first.descriptors)}};
}

std::optional<connection::incoming> connection::recv_message(std::uint64_t type, deadline limit) {
  state& s = open(direction::read);
  const std::lock_guard whole_message{s.receiving};
  packet_result result{};
  const message_header header = s.peek(limit, result);
  if (result == packet_result::timeout) return std::nullopt;
  expect(type, header.type);
  return s.take();
}

std::vector<std::byte> connection::recv_bytes(std::size_t most) {
  state& s = open(direction::read);
  const std::lock_guard whole_message{s.receiving};
  packet_result result{};
  const message_header header = s.peek(deadline::never(), result);
  expect(raw_bytes, header.type);
  if (header.size > most)
    throw error{errc::message_too_large, "the next message has " + std::to_string(header.size)
                                             + " bytes, room was offered for " + std::to_string(most)
                                             + "; it stays receivable"};
  const incoming message = s.take();
  const auto bytes = message.bytes.span();
  return {bytes.begin(), bytes.end()};
}

std::size_t connection::recv_bytes_into(std::span<std::byte> room) {
  const auto bytes = recv_bytes(room.size());
  std::copy(bytes.begin(), bytes.end(), room.begin());
  return bytes.size();
}

bool connection::poll_until(deadline limit) {
  return transport::wait_readable(open(direction::read).socket.get(), limit);
}

// -- making ----------------------------------------------------------------------------------------------------------

std::pair<connection, connection> make_connections(bool one_way) {
  using direction = connection::direction;
  auto [first, second] = transport::packet_socket_pair();
  return {connection{std::move(first), one_way ? direction::read : direction::both},
          connection{std::move(second), one_way ? direction::write : direction::both}};
}

std::pair<connection, connection> pipe() { return make_connections(false); }
std::pair<connection, connection> pipe(simplex_t) { return make_connections(true); }

}  // namespace troupe
