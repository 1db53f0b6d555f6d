#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/function_ref.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/transport/frame_batch.hpp"
#include "troupe/transport/waitable.hpp"
#include "troupe/wire/buffer.hpp"
#include "troupe/wire/handles.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

/// What a consumer had taken when it died, before it came back to the queue.
struct lost_items {
  std::string queue;           ///< its name
  std::uint64_t sequence = 0;  ///< how many items had been put before the first of them
  std::uint64_t count = 1;     ///< so many in a row: more than one after get_many
  std::string consumer;        ///< "process worker-3 (pid 4711)"
};
using lost_handler = std::function<void(const lost_items&)>;

}  // namespace troupe

namespace troupe::transport {

class queue_state;

/// What becomes of an item whose consumer dies.
enum class delivery : std::uint32_t {
  unclaimed,  ///< it is gone, and nobody asks
  claimed,    ///< it is lost, and that is reported: each consumer signs for what it took last
  leased,     ///< it is delivered again: it stays in the queue until its consumer is done with it
};

/// What a byte_queue is made with.
struct byte_queue_limits {
  std::uint32_t items = 0;  ///< how many items it holds; 0: no limit but the bytes
  std::size_t backlog =
      std::size_t{1} << 30;  ///< bytes that may wait; a single larger item still passes when it is empty
  std::size_t largest = std::size_t{1} << 30;  ///< bytes of the largest item it can ever carry
  std::uint64_t type = 0;                      ///< identity of what it carries, checked by whoever attaches; 0: bytes
  delivery lost_items = delivery::unclaimed;
  std::uint32_t most_deliveries = 0;  ///< of a leased item, before it is given up; 0: no limit
  bool with_handles = false;          ///< items may have descriptors with them
};

/// An item that was delivered too often.
struct dead_item {
  std::string queue;
  std::uint64_t sequence = 0;
  std::uint32_t deliveries = 0;
  std::span<const std::byte> bytes;
};
using dead_item_handler = std::function<void(const dead_item&)>;

/// An item that stays its queue's until it is done. Given back unless it was ended. Move-only; one thread at a time.
class held_item {
 public:
  held_item() noexcept;
  held_item(held_item&&) noexcept;
  held_item& operator=(held_item&&) noexcept;
  held_item(const held_item&) = delete;
  held_item& operator=(const held_item&) = delete;
  ~held_item();

  [[nodiscard]] wire::buffer& bytes() noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] std::uint32_t deliveries() const noexcept;
  [[nodiscard]] bool is_held() const noexcept { return queue_ != nullptr; }
  /// It leaves the queue. Throws errc::closed if it was ended before; errc::unsupported, and changes nothing, in a copy
  /// that fork() made of its holder.
  void done();
  /// It goes to whoever asks next, before all that wait.
  void give_back();

 private:
  friend class byte_queue;
  void end(std::uint32_t how);

  std::shared_ptr<queue_state> queue_;
  std::uint64_t at_ = 0;
  std::uint64_t word_ = 0;
  std::uint64_t sequence_ = 0;
  wire::buffer bytes_;
};

/// An untyped FIFO of byte strings in shared memory: any number of producers and consumers in any processes and
/// threads, strict order, each item taken exactly once. It is what `queue<T>` and the inbox of a node are made of.
///
/// A producer lock and a consumer lock, each passed on by the kernel when its owner dies; each operation takes effect
/// with one 8-byte store under its lock (the layout and its invariants: byte_queue.cpp and docs/layout.md), so a
/// process killed at any instruction leaves an item either put or not put, taken or not taken. What `put` returned from
/// survives the producer. The ring grows with the backlog and gives memory back when it has been emptied.
///
/// A death is noticed by whoever uses the queue next, in any way; that is also when handlers are called, in its thread.
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
  /// Attaches to a queue made elsewhere. Throws errc::malformed if the memory holds none, errc::type_mismatch if it
  /// carries another type.
  struct papers {
    unique_fd memory;
    std::pair<unique_fd, unique_fd> carrier;
  };
  [[nodiscard]] static byte_queue attach(papers from, std::uint64_t type);
  /// Makes (or, after the death of its former owner, makes anew) a queue in a slice of a larger file.
  [[nodiscard]] static byte_queue create_in(memory::region slice, const byte_queue_limits& limits);
  [[nodiscard]] static byte_queue attach_to(memory::region slice, std::uint64_t type);
  /// For a queue whose owner, the only one who takes items, is dead: drops its items, gives their memory back, and
  /// refuses whatever comes, until it is made anew. False if somebody is inside at this moment: try again later.
  [[nodiscard]] bool try_abandon();
  /// How many bytes of address space a slice for these limits needs.
  [[nodiscard]] static std::size_t slice_size(const byte_queue_limits& limits) noexcept;

  /// Appends one item made of the concatenated `parts`; blocks while there is no room, and is false at the limit.
  /// Throws errc::closed after shutdown, errc::message_too_large, errc::out_of_memory.
  bool put(std::span<const std::span<const std::byte>> parts, deadline limit, wait_hook on_wait = just_wait());
  /// The same with descriptors, which stay the caller's.
  bool put(std::span<const std::byte> bytes, std::span<const int> handles, deadline limit);
  /// Appends as many of the frames of a batch as there is room for now, at least one, in a row; blocks while there is
  /// no room for one. Removes them from the batch; 0 at the limit.
  std::size_t put_some(frame_batch& frames, deadline limit, wait_hook on_wait = just_wait());
  /// Moves the oldest items, at most `most` and at least one, to the end of a batch; blocks while there is none.
  /// Returns how many: 0 at the limit. Throws as `get`.
  std::size_t get_some(frame_batch& frames, std::size_t most, deadline limit, wait_hook on_wait = just_wait());
  struct item {
    wire::buffer bytes;
    wire::incoming_handles handles;
  };
  /// Takes the oldest item; nothing at the limit. Throws errc::end_of_stream when shut down and drained.
  std::optional<item> get(deadline limit, wait_hook on_wait = just_wait());
  /// Takes the oldest item that nobody holds, for now: see held_item. Those that were delivered too often go to the
  /// handler instead. When the queue was shut down and nothing waits, it blocks as long as other processes hold items
  /// that may come back, unless this one does so, too.
  std::optional<held_item> lease(deadline limit);
  /// Blocks until all items that were put are done. False at the limit.
  bool wait_until_done(deadline limit);

  /// What this process does about items of dead consumers; without a handler a line in the log says so.
  void on_lost(lost_handler handler);
  void on_dead_item(dead_item_handler handler);

  /// Items waiting. A snapshot: other processes go on meanwhile.
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] bool full() const noexcept;
  [[nodiscard]] std::uint32_t item_limit() const noexcept;
  /// Ends the stream for everybody: puts fail from now on, gets drain what is left; `drop` discards it instead.
  void shutdown(bool drop = false);
  [[nodiscard]] bool is_shut_down() const noexcept;

  /// For `wait`: ready when there is an item, or the end.
  [[nodiscard]] waitable watch() const;
  struct descriptors {
    int memory;
    int carrier_in;  ///< -1 without handles
    int carrier_out;
  };
  [[nodiscard]] descriptors fds() const;
  [[nodiscard]] bool is_leased() const noexcept;
  [[nodiscard]] bool carries_handles() const noexcept;
  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  class watched_queue;
  template <class MayPut, class Put>
  bool put_when_there_is_room(std::size_t need, deadline limit, wait_hook on_wait, MayPut may_put, Put put);
  template <class Take, class Ready, class Ended>
  bool take_when_ready(deadline limit, wait_hook on_wait, Take take, Ready ready, Ended ended);
  template <class Take, class Taken>
  bool take_items(deadline limit, wait_hook on_wait, Take take, Taken taken);
  static wait_hook just_wait() noexcept;
  explicit byte_queue(std::shared_ptr<queue_state> s) noexcept : state_{std::move(s)} {}
  std::shared_ptr<queue_state> state_;
};

}  // namespace troupe::transport
