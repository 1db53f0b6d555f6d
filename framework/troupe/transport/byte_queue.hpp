#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/function_ref.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/transport/frame_batch.hpp"
#include "troupe/transport/waitable.hpp"
#include "troupe/wire/buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace troupe::transport {

struct queue_layout;

/// What a byte_queue is made with.
struct byte_queue_limits {
  std::uint32_t items = 0;  ///< how many items it holds; 0: no limit but the bytes
  std::size_t backlog =
      std::size_t{1} << 30;  ///< bytes that may wait; a single larger item still passes when it is empty
  std::size_t largest = std::size_t{1} << 30;  ///< bytes of the largest item it can ever carry
  std::uint64_t type = 0;                      ///< identity of what it carries, checked by whoever attaches; 0: bytes
};

enum class put_result { done, timeout };

/// An untyped FIFO of byte strings in shared memory: any number of producers and consumers in any processes and
/// threads, strict order, each item taken exactly once. It is what `queue<T>` and the inbox of a node are made of.
///
/// A producer lock and a consumer lock, each passed on by the kernel when its owner dies; each operation takes effect
/// with one 8-byte store under its lock (the layout and its invariants: byte_queue.cpp and docs/layout.md), so a
/// process killed at any instruction leaves an item either put or not put, taken or not taken. What `put` returned from
/// survives the producer. The ring grows with the backlog and gives memory back when it has been emptied.
///
/// All members are safe from any number of threads. A blocked call is woken by progress, shutdown, its deadline, and by
/// the death of any process of the tree (it then looks again, and runs `on_wait` before it sleeps again).
class byte_queue {
 public:
  /// Called each time before a blocked operation goes to sleep, and so after each wake-up without success; may throw to
  /// give up. A death after the hook looked for one wakes the sleeper.
  using wait_hook = function_ref<void()>;

  byte_queue() noexcept = default;  ///< no queue; only assignment and operator bool are allowed
  [[nodiscard]] static byte_queue create(std::string_view name, const byte_queue_limits& limits);
  /// Attaches to a queue made elsewhere. Throws errc::malformed if `file` holds none, errc::type_mismatch if it
  /// carries another type.
  [[nodiscard]] static byte_queue attach(unique_fd file, std::uint64_t type);
  /// Makes (or, after the death of its former owner, makes anew) a queue in a slice of a larger file.
  [[nodiscard]] static byte_queue create_in(memory::region slice, const byte_queue_limits& limits);
  [[nodiscard]] static byte_queue attach_to(memory::region slice, std::uint64_t type);
  /// How many bytes of address space a slice for these limits needs.
  [[nodiscard]] static std::size_t slice_size(const byte_queue_limits& limits) noexcept;

  /// Appends one item made of the concatenated `parts`; blocks while there is no room.
  /// Throws errc::closed after shutdown, errc::message_too_large, errc::out_of_memory.
  put_result put(std::span<const std::span<const std::byte>> parts, deadline limit, wait_hook on_wait = just_wait());
  /// Appends as many of the frames of a batch as there is room for now, at least one, in a row; blocks while there is
  /// no room for one. Removes them from the batch; 0 at the limit.
  std::size_t put_some(frame_batch& frames, deadline limit, wait_hook on_wait = just_wait());
  /// Moves the oldest items, at most `most` and at least one, to the end of a batch; blocks while there is none.
  /// Returns how many: 0 at the limit. Throws as `get`.
  std::size_t get_some(frame_batch& frames, std::size_t most, deadline limit, wait_hook on_wait = just_wait());
  /// Takes the oldest item; nothing at the limit. Throws errc::end_of_stream when shut down and drained.
  std::optional<wire::buffer> get(deadline limit, wait_hook on_wait = just_wait());

  /// Items waiting. A snapshot: other processes go on meanwhile.
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool full() const noexcept;
  [[nodiscard]] std::uint32_t item_limit() const noexcept;
  /// Ends the stream for everybody: puts fail from now on, gets drain what is left; `drop` discards it instead.
  void shutdown(bool drop = false);
  [[nodiscard]] bool is_shut_down() const noexcept;

  /// For `wait`: ready when there is an item, or the end.
  [[nodiscard]] waitable watch() const;
  [[nodiscard]] int fd() const noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  struct state;
  class watched_queue;
  template <class Put>
  bool put_when_there_is_room(std::size_t need, deadline limit, wait_hook on_wait, Put put);
  template <class Take>
  bool take_when_there_is_one(deadline limit, wait_hook on_wait, Take take);
  static wait_hook just_wait() noexcept;
  explicit byte_queue(std::shared_ptr<state> s) noexcept : state_{std::move(s)} {}
  std::shared_ptr<state> state_;
};

}  // namespace troupe::transport
