#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/wire/message.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// One end of a pipe: sends and receives any serializable type, or raw bytes, as whole messages in order.
///
/// An end has one owner at a time. It is move-only; handing it to a process (`process{f, std::move(end)}`) or sending
/// it in a message moves it there and closes it here. Several threads may use one end at once; each message stays
/// whole.
///
/// All messages that were sent before the other side closed or died are still received; then receiving throws
/// errc::end_of_stream, and sending errc::broken_pipe. A message whose sender died half way is dropped.
/// Using an end that was closed or moved away: errc::closed; the wrong way of a one-way pipe: errc::wrong_direction.
/// A message of another type than asked for: errc::type_mismatch naming both; the message stays receivable.
class connection {
 public:
  connection() noexcept;  ///< closed
  connection(connection&&) noexcept;
  connection& operator=(connection&&) noexcept;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  /// Serializes `message` now and sends it; blocks while the pipe is full.
  template <class T>
  void send(const T& message) {
    (void)send_until(message, deadline::never());
  }
  /// False if the pipe has no room now.
  template <class T>
  [[nodiscard]] bool try_send(const T& message) {
    return send_until(message, deadline::now());
  }
  /// False if the pipe had no room within `limit`. The limit is for the start: a large message that has begun is sent.
  template <class T, class Rep, class Period>
  [[nodiscard]] bool try_send_for(const T& message, std::chrono::duration<Rep, Period> limit) {
    return send_until(message, deadline::after(limit));
  }

  /// Blocks until a message is there. T must be default constructible.
  template <class T>
  [[nodiscard]] T recv() {
    return std::move(*recv_until<T>(deadline::never()));
  }
  template <class T>
  [[nodiscard]] std::optional<T> try_recv() {
    return recv_until<T>(deadline::now());
  }
  template <class T, class Rep, class Period>
  [[nodiscard]] std::optional<T> try_recv_for(std::chrono::duration<Rep, Period> limit) {
    return recv_until<T>(deadline::after(limit));
  }

  /// One message of raw bytes; it may be empty.
  void send_bytes(std::span<const std::byte> bytes);
  /// The next message, which must be raw bytes. Longer than `most`: errc::message_too_large, and it stays receivable.
  [[nodiscard]] std::vector<std::byte> recv_bytes(std::size_t most = static_cast<std::size_t>(-1));
  /// The next message of raw bytes into the front of `room`; returns how many. Too small a room: as above.
  std::size_t recv_bytes_into(std::span<std::byte> room);

  /// Whether a receive would not block: a message is there, or the end of the stream. Waits up to `limit`.
  template <class Rep = int, class Period = std::milli>
  [[nodiscard]] bool poll(std::chrono::duration<Rep, Period> limit = {}) {
    return poll_until(deadline::after(limit));
  }

  /// Ends this end; the other side sees the end of the stream. Closing twice is fine.
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] bool readable() const noexcept;
  [[nodiscard]] bool writable() const noexcept;
  /// For poll(2), epoll and the like: readable when a receive would not block. Do not read from it.
  [[nodiscard]] int fd() const;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value)
      save_end(archive);
    else
      load_end(archive);
  }

 private:
  struct state;
  enum class direction : unsigned char { both, read, write };
  friend std::pair<connection, connection> make_connections(bool one_way);
  connection(unique_fd socket, direction way);

  template <class T>
  bool send_until(const T& message, deadline limit) {
    wire::outgoing_handles handles;
    const wire::buffer bytes = wire::encode(message, &handles);
    return send_message(wire::identity_of<T>().hash, bytes.span(), handles, limit);
  }
  template <class T>
  std::optional<T> recv_until(deadline limit) {
    auto message = recv_message(wire::identity_of<T>().hash, limit);
    if (!message) return std::nullopt;
    return wire::decode<T>(message->bytes.span(), &message->handles);
  }

  struct incoming {
    wire::buffer bytes;
    wire::incoming_handles handles;
  };
  bool send_message(std::uint64_t type, std::span<const std::byte> bytes, wire::outgoing_handles& handles,
                    deadline limit);
  std::optional<incoming> recv_message(std::uint64_t type, deadline limit);
  bool poll_until(deadline limit);
  state& open(direction needed) const;

  template <class Archive>
  void save_end(Archive& archive) {
    archive.save_handle(fd(), [this] { close(); });
    archive << way();
  }
  template <class Archive>
  void load_end(Archive& archive) {
    unique_fd socket = archive.load_handle();
    unsigned char way = 0;
    archive >> way;
    adopt(std::move(socket), way);
  }
  [[nodiscard]] unsigned char way() const;
  void adopt(unique_fd socket, unsigned char way);

  std::unique_ptr<state> state_;
};

}  // namespace troupe
