#pragma once

#include "troupe/base/birth_time.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/forks.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/memory/adaptive_spin.hpp"
#include "troupe/memory/asymmetric_fence.hpp"
#include "troupe/memory/biased_lock.hpp"
#include "troupe/memory/bulk_copy.hpp"
#include "troupe/memory/mirrored_rings.hpp"
#include "troupe/memory/park.hpp"
#include "troupe/transport/frame_reader.hpp"
#include "troupe/transport/frame_writer.hpp"
#include "troupe/wire/handles.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace troupe::transport {

inline constexpr std::uint64_t raw_bytes = 0;  ///< the type of a message that is bare bytes

/// How an end travels: beside these, the descriptors of the memory and of the socket.
struct pipe_ticket {
  std::uint64_t ticket = 0;
  std::uint8_t side = 0;
  bool one_way = false;
};

/// One end of a pipe: a frame writer, a frame reader, and how each waits for the other side.
///
/// The two sockets of a pipe carry what memory cannot: descriptors that belong to messages, tokens for who watches with
/// poll(2), and the kernel's word that the other side is gone (they hang up when the last process that holds that side
/// closes it or dies; after that nothing of it can store any more). A hang-up is looked for when this process's
/// interrupt word has changed, which it does on each death in the tree; and now and then, because an end can also get
/// lost on its way, in a message that nobody takes.
///
/// Threads: `sending` and `receiving` each admit one thread at a time; all else takes one of them.
class pipe_end {
 public:
  static std::pair<std::unique_ptr<pipe_end>, std::unique_ptr<pipe_end>> make(bool one_way);
  /// Takes over an end that arrived from elsewhere. Throws errc::endpoint_in_use if a copy of it was taken before.
  static std::unique_ptr<pipe_end> attach(unique_fd memory, unique_fd socket, const pipe_ticket& ticket);
  pipe_end(const pipe_end&) = delete;
  pipe_end& operator=(const pipe_end&) = delete;
  /// Closes the end, unless it went to another process.
  ~pipe_end();

  [[nodiscard]] bool can_read() const noexcept { return !one_way_ || side_ == 0; }
  [[nodiscard]] bool can_write() const noexcept { return !one_way_ || side_ == 1; }
  /// Whether this is a forked copy of an end that its parent still uses.
  [[nodiscard]] bool is_copy() const noexcept { return forks_ != forks(); }
  [[nodiscard]] const birth_time& born() const noexcept { return born_; }
  /// To be sent to others. Throw errc::closed if the program closed them.
  [[nodiscard]] int memory_fd() const { return rings_->checked_fd(); }
  [[nodiscard]] int socket_fd() const { return socket_.checked("a pipe"); }

  /// Makes everything ready for the next owner. The end can still be used until `leave`, but should not be.
  [[nodiscard]] pipe_ticket hand_over();
  /// The end is on its way: it is not closed when this object ends.
  void leave() noexcept { left_ = true; }

  // -- sending: all between a successful begin_send and end_send ------------------------------------------------------

  /// Admits this thread. False at the limit. Throws errc::broken_pipe if the other side is gone.
  [[nodiscard]] bool begin_send(deadline limit) {
    if (!sending_.lock_until(limit)) return false;
    if (!is_gone(for_room_, outgoing(), pipe_direction::reader_closed, memory::interrupt::sample())) [[likely]]
      return true;
    sending_.unlock();
    throw_broken();
  }
  void end_send() noexcept { sending_.unlock(); }
  /// Room for the bytes of a typed message, as much as there is now; may be empty.
  [[nodiscard]] std::span<std::byte> typed_room() noexcept;
  /// The first `size` bytes of `typed_room()` are a message.
  void commit_typed(std::uint64_t type, std::size_t size) noexcept;
  /// Room for `size` raw bytes, once there is so much. False at the limit. Throws errc::broken_pipe.
  [[nodiscard]] bool wait_for_room(std::size_t size, deadline limit) {
    return writer_.fits(size) || wait_long_for_room(size, limit);
  }
  /// A message of `bytes`, for which there is room.
  void commit_raw(std::span<const std::byte> bytes) noexcept {
    copy_(writer_.payload(), bytes);
    commit(frame_header::raw, bytes.size());
  }
  /// Room for `size` raw bytes, for which there is room; until `commit_reserved`, or another message.
  [[nodiscard]] std::span<std::byte> reserve(std::size_t size) noexcept;
  /// Throws errc::invalid_argument unless that much is reserved.
  void commit_reserved(std::size_t size);
  /// A message of any size. False if there was no room at the limit; a large one that has begun is sent whole.
  [[nodiscard]] bool send(std::uint64_t type, std::span<const std::byte> bytes, std::span<const int> handles,
                          deadline limit);
  /// The longest payload that goes as one frame.
  [[nodiscard]] static constexpr std::size_t longest_frame() noexcept { return pipe_ring_bytes / 4; }

  // -- receiving: all between a successful begin_receive and end_receive ----------------------------------------------

  struct message {
    std::uint64_t type = raw_bytes;
    std::span<const std::byte> bytes;
    wire::incoming_handles handles;
  };

  [[nodiscard]] bool begin_receive(deadline limit) { return receiving_.lock_until(limit); }
  void end_receive() noexcept { receiving_.unlock(); }
  /// Needs no turn: whether receiving would not block, as far as can be seen while another thread has the turn. That
  /// one may take what is there.
  [[nodiscard]] bool seems_ready() const;
  /// The next whole message, which stays the next until `finish`. Null at the limit. Throws errc::end_of_stream.
  /// A large message of raw bytes is put into `into` if it fits there and did not begin to arrive before.
  [[nodiscard]] message* arrive(deadline limit, std::span<std::byte> into = {}) {
    if (reader_.ready() && current_stage_ == stage::none && !large_ && take_simple_frame()) [[likely]]
      return &current_;
    return arrive_slowly(limit, into);
  }
  void finish() noexcept {
    if (current_stage_ != stage::simple || watcher_) return finish_slowly();
    current_stage_ = stage::none;
    pop(current_frame_);
  }
  /// Asks to be woken when a frame comes. Needs no turn. A request that nobody sleeps on costs the writer one wake-up.
  [[nodiscard]] memory::parking_spot announce_reader() noexcept {
    return announce(incoming(), pipe_direction::reader_waits);
  }
  /// See connection::fd.
  [[nodiscard]] int poll_fd();

 private:
  enum class outcome : std::uint8_t { ready, timeout, gone };
  /// What one direction knows of the other side, and how it waits for it.
  struct patience {
    std::optional<std::uint32_t> interrupts;  // as of the last look for a hang-up
    bool hung_up = false;
    std::uint32_t in_vain = 0;  // looks without waiting that found nothing
    memory::adaptive_spin spin;
  };
  struct large_message;
  struct watcher;

  pipe_end(std::shared_ptr<memory::mirrored_rings> rings, unique_fd socket, std::uint8_t side, bool one_way);
  [[noreturn]] static void throw_broken();

  [[nodiscard]] pipe_layout& layout() const noexcept;
  [[nodiscard]] pipe_direction& outgoing() const noexcept { return *outgoing_; }
  [[nodiscard]] pipe_direction& incoming() const noexcept { return *incoming_; }

  template <class Ready>
  outcome wait(pipe_direction& way, std::uint32_t my_flag, patience& known, deadline limit, Ready ready);
  [[nodiscard]] bool is_gone(patience& known, const pipe_direction& way, std::uint32_t closed,
                             std::uint32_t interrupts) const {
    if ((way.state.load(std::memory_order_acquire) & closed) != 0) return true;  // SYNC "closed"
    if (known.interrupts != interrupts) [[unlikely]]
      look_for_hang_up(known, interrupts);
    return known.hung_up;
  }
  void look_for_hang_up(patience& known, std::uint32_t interrupts) const;
  memory::parking_spot announce(pipe_direction& way, std::uint32_t my_flag) noexcept;
  void wake(pipe_direction& way, std::uint32_t flags) noexcept;
  /// After a store that the other side may wait for.
  void wake_if(pipe_direction& way, std::uint32_t flags) noexcept {
    memory::asymmetric_fence::light(asymmetric_);
    if ((way.state.load(std::memory_order_relaxed) & flags) != 0) [[unlikely]]  // SYNC "waits", the other side
      wake(way, flags);
  }
  void commit(std::uint8_t kind, std::size_t length) noexcept {
    writer_.commit(kind, length);
    wake_if(outgoing(), pipe_direction::reader_waits | pipe_direction::reader_polls);
  }
  bool wait_long_for_room(std::size_t size, deadline limit);
  bool put_frame(std::uint8_t kind, std::span<const std::uint64_t> head, std::span<const std::byte> bytes,
                 std::span<const int> handles, deadline limit);
  void pop(std::size_t length) noexcept {
    if (reader_.pop(length)) wake_if(incoming(), pipe_direction::writer_waits);
  }
  bool take_simple_frame();
  message* arrive_slowly(deadline limit, std::span<std::byte> into);
  void finish_slowly() noexcept;
  bool next_frame(deadline limit);
  bool take_frame(std::span<std::byte> into);
  wire::incoming_handles handles_of_frame();
  void arm_watcher();

  std::shared_ptr<memory::mirrored_rings> rings_;
  unique_fd socket_;
  std::uint8_t side_;
  bool one_way_;
  bool asymmetric_;
  bool left_ = false;
  std::uint32_t forks_ = forks();
  birth_time born_;
  pipe_direction* outgoing_;
  pipe_direction* incoming_;

  memory::biased_lock sending_;
  frame_writer writer_;
  memory::bulk_copy copy_;
  struct {
    std::uint64_t at = 0;
    std::size_t size = 0;
    bool valid = false;
  } reserved_;
  patience for_room_;

  memory::biased_lock receiving_;
  frame_reader reader_;
  patience for_frames_;
  message current_;
  std::size_t current_frame_ = 0;  // payload of the frame that holds it
  enum class stage : std::uint8_t {
    none,
    simple,     // bytes in one frame, which is still in the ring
    in_ring,    // the same, with handles
    assembled,  // in `large_`
  } current_stage_ = stage::none;
  std::unique_ptr<large_message> large_;
  std::unique_ptr<watcher> watcher_;
};

}  // namespace troupe::transport
