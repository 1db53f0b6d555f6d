#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transport/waitable.hpp"
#include "troupe/wire/message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

namespace transport {
class pipe_end;
}

/// One end of a pipe: sends and receives any serializable type, or raw bytes, as whole messages in order.
///
/// A pipe is a ring of bytes in shared memory for each direction: between two processes at work, a message costs no
/// system call. Messages may be of any size; those larger than the ring stream through it.
///
/// An end has one owner at a time. It is move-only; handing it to a process (`process{f, std::move(end)}`) or sending
/// it in a message moves it there and closes it here; a second owner gets errc::endpoint_in_use. Several threads may
/// use one end at once: each message stays whole, and goes to one of them. It is fastest while one thread sends and one
/// thread receives.
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

  /// Room in the pipe's own memory for a message of `size` raw bytes, to be written in place; blocks while the pipe is
  /// full. At most `longest_in_place()`, else errc::message_too_large. Nothing is sent before `commit`; another
  /// `reserve` or any other way of sending forgets the room. For one thread at a time.
  [[nodiscard]] std::span<std::byte> reserve(std::size_t size);
  /// Sends the first `size` bytes of the room that `reserve` gave. More, or twice: errc::invalid_argument.
  void commit(std::size_t size);
  [[nodiscard]] static std::size_t longest_in_place() noexcept;
  /// The next message, which must be raw bytes, where it lies: valid until `release`. Blocks until one is there. For
  /// one thread at a time.
  [[nodiscard]] std::span<const std::byte> peek();
  /// Takes the message that `peek` gave.
  void release();

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
  /// For poll(2), epoll and the like: readable when a receive would not block, now and then also when it would. From
  /// the first call on, watching costs a system call for each message that finds the pipe empty. Do not read from it.
  [[nodiscard]] int fd();

  /// For `troupe::wait`: ready when a receive would not block.
  operator waitable();

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value)
      save_end(archive);
    else
      load_end(archive);
  }

 private:
  enum class direction : unsigned char { any, read, write };
  friend std::pair<connection, connection> make_connections(bool one_way);
  explicit connection(std::unique_ptr<transport::pipe_end> end);

  /// A thread's turn to send, from the pipe's memory or not.
  class sending {
   public:
    sending(const connection& owner, deadline limit);
    sending(const sending&) = delete;
    sending& operator=(const sending&) = delete;
    ~sending();
    [[nodiscard]] explicit operator bool() const noexcept { return end_ != nullptr; }
    [[nodiscard]] transport::pipe_end& end() const noexcept { return *end_; }
    [[nodiscard]] std::span<std::byte> room() const noexcept;
    void commit(std::uint64_t type, std::size_t size) const;

   private:
    transport::pipe_end* end_ = nullptr;
  };
  /// A thread's turn to receive.
  class turn_to_receive {
   public:
    turn_to_receive(transport::pipe_end& end, deadline limit);
    turn_to_receive(const turn_to_receive&) = delete;
    turn_to_receive& operator=(const turn_to_receive&) = delete;
    ~turn_to_receive();
    [[nodiscard]] bool admitted() const noexcept { return admitted_; }
    [[nodiscard]] transport::pipe_end& end() const noexcept { return end_; }

   private:
    transport::pipe_end& end_;
    bool admitted_;
  };
  /// The same with the next message, which is taken at the end of it.
  class receiving {
   public:
    receiving(const connection& owner, std::uint64_t type, deadline limit,
              std::size_t most = static_cast<std::size_t>(-1), std::span<std::byte> into = {});
    receiving(const receiving&) = delete;
    receiving& operator=(const receiving&) = delete;
    ~receiving();
    [[nodiscard]] explicit operator bool() const noexcept { return handles_ != nullptr; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
    [[nodiscard]] wire::incoming_handles* handles() const noexcept { return handles_; }

   private:
    turn_to_receive turn_;
    std::span<const std::byte> bytes_;
    wire::incoming_handles* handles_ = nullptr;  // null: no message at the limit
  };

  template <class T>
  bool send_until(const T& message, deadline limit) {
    const std::uint64_t type = wire::identity_of<T>().hash;
    {
      const sending turn{*this, limit};
      if (!turn) return false;
      wire::outgoing_handles handles;
      const std::span<std::byte> room = turn.room();
      const std::size_t size = wire::encode_into(room, message, &handles);
      if (size <= room.size() && handles.empty()) [[likely]] {
        turn.commit(type, size);
        return true;
      }
    }
    wire::outgoing_handles handles;  // a large message, a full pipe, or handles
    const wire::buffer bytes = wire::encode(message, &handles);
    return send_message(type, bytes.span(), handles, limit);
  }
  template <class T>
  std::optional<T> recv_until(deadline limit) {
    const receiving turn{*this, wire::identity_of<T>().hash, limit};
    if (!turn) return std::nullopt;
    return wire::decode<T>(turn.bytes(), turn.handles());
  }
  bool send_message(std::uint64_t type, std::span<const std::byte> bytes, wire::outgoing_handles& handles,
                    deadline limit) const;
  class watched_end;
  bool poll_until(deadline limit) const;
  transport::pipe_end& open(direction needed) const;

  template <class Archive>
  void save_end(Archive& archive) {
    const travel_papers papers = hand_over();
    archive.save_handle(papers.memory_fd, [this] { leave(); });
    archive.save_handle(papers.socket_fd);
    archive << papers.ticket << papers.side << papers.one_way;
  }
  template <class Archive>
  void load_end(Archive& archive) {
    unique_fd memory = archive.load_handle();
    unique_fd socket = archive.load_handle();
    travel_papers papers{};
    archive >> papers.ticket >> papers.side >> papers.one_way;
    take_over(std::move(memory), std::move(socket), papers);
  }
  struct travel_papers {
    int memory_fd = -1;
    int socket_fd = -1;
    std::uint64_t ticket = 0;
    std::uint8_t side = 0;
    bool one_way = false;
  };
  [[nodiscard]] travel_papers hand_over();
  void leave() noexcept;
  void take_over(unique_fd memory, unique_fd socket, const travel_papers& papers);

  std::unique_ptr<transport::pipe_end> end_;
};

}  // namespace troupe
