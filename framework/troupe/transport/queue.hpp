#pragma once

#include "troupe/base/error.hpp"
#include "troupe/transport/byte_queue.hpp"
#include "troupe/transport/lease.hpp"
#include "troupe/wire/blank.hpp"
#include "troupe/wire/message.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// How a queue is made.
struct queue_options {
  std::uint32_t maxsize = 0;                     ///< items it holds; 0: bounded by memory only
  std::size_t max_bytes = std::size_t{1} << 30;  ///< bytes of backlog, and of the largest item
  std::string_view name = "queue";               ///< shown in /proc and in error texts
  /// Items may be leased: they stay in the queue until their consumer is done with them, and are delivered again if it
  /// dies. They cannot have handles in them.
  bool leases = false;
  /// With leases: how often an item is delivered before it goes to `on_dead_letter` instead. 0: as often as it takes.
  std::uint32_t max_deliveries = 0;
};

/// A FIFO of values shared by any number of producers and consumers, in any processes and threads.
///
/// A queue is a handle: copies refer to the same queue, and it travels as an argument of a process. `put` serializes in
/// the caller; once it returned, the item is in shared memory and survives its producer, with nothing to flush or join.
/// Strict order, each item taken exactly once. A process killed at any instruction leaves the queue working for all
/// others, with its item either put or not put, taken or not taken. All members are thread-safe.
///
/// A consumer may die with what it has taken. Without leases that is reported: see `on_lost`. With leases, an item is
/// done when its consumer says so, and delivered again if it dies before: see `lease`. A death is noticed, and handlers
/// are called, in whatever process and thread uses the queue next.
///
/// Items may have handles in them (connections, other queues), up to 250 each and some hundred waiting items with them.
///
/// Errors: errc::closed after `close()` of this handle or `shutdown()` of the queue (put); errc::end_of_stream once
/// shut down and drained (get); errc::message_too_large; errc::out_of_memory.
template <class T>
class queue {
 public:
  using value_type = T;

  /// A new queue that holds up to `maxsize` items; 0: bounded by memory only.
  explicit queue(std::uint32_t maxsize = 0) : queue{queue_options{.maxsize = maxsize}} {}
  explicit queue(const queue_options& options)
      : core_{transport::byte_queue::create(
            options.name, {.items = options.maxsize,
                           .backlog = options.max_bytes,
                           .largest = options.max_bytes,
                           .type = wire::identity_of<T>().hash,
                           .lost_items = options.leases ? transport::delivery::leased : transport::delivery::claimed,
                           .most_deliveries = options.max_deliveries,
                           .with_handles = !options.leases && may_carry_handles()})} {}

  /// A closed handle, to load into.
  explicit queue(wire::blank_t) noexcept {}

  /// Appends an item; blocks while the queue is full.
  void put(const T& item) { (void)put_until(item, deadline::never()); }
  /// False if the queue is full.
  [[nodiscard]] bool try_put(const T& item) { return put_until(item, deadline::now()); }
  template <class Rep, class Period>
  [[nodiscard]] bool try_put_for(const T& item, std::chrono::duration<Rep, Period> limit) {
    return put_until(item, deadline::after(limit));
  }

  /// Takes the oldest item; blocks while the queue is empty.
  [[nodiscard]] T get() { return std::move(*get_until(deadline::never())); }
  /// Nothing if the queue is empty.
  [[nodiscard]] std::optional<T> try_get() { return get_until(deadline::now()); }
  template <class Rep, class Period>
  [[nodiscard]] std::optional<T> try_get_for(std::chrono::duration<Rep, Period> limit) {
    return get_until(deadline::after(limit));
  }

  /// Appends all items of a range, in order, for much less than one `put` for each; items of others may come in
  /// between. Blocks while the queue is full. Killed half way, some of them are put, from the first on.
  template <class Range>
  void put_many(const Range& items) {
    (void)put_many_until(items, deadline::never());
  }
  /// Appends what there is room for now; returns how many items that were.
  template <class Range>
  [[nodiscard]] std::size_t try_put_many(const Range& items) {
    return put_many_until(items, deadline::now());
  }
  template <class Range, class Rep, class Period>
  [[nodiscard]] std::size_t try_put_many_for(const Range& items, std::chrono::duration<Rep, Period> limit) {
    return put_many_until(items, deadline::after(limit));
  }

  /// Takes the oldest items, at most `most` and at least one; blocks while the queue is empty. All of them are taken at
  /// once: they are lost if this process dies now.
  [[nodiscard]] std::vector<T> get_many(std::size_t most) { return get_many_until(most, deadline::never()); }
  /// None if the queue is empty.
  [[nodiscard]] std::vector<T> try_get_many(std::size_t most) { return get_many_until(most, deadline::now()); }
  template <class Rep, class Period>
  [[nodiscard]] std::vector<T> try_get_many_for(std::size_t most, std::chrono::duration<Rep, Period> limit) {
    return get_many_until(most, deadline::after(limit));
  }

  /// Takes the oldest item that nobody has, for now: it stays the queue's until `done()`. Blocks while there is none.
  /// After a shutdown, and as long as other processes have leases, one of them may come back: errc::end_of_stream comes
  /// when all is done; at once for who has leases itself. Throws errc::invalid_argument if the queue was made without
  /// leases. On a queue with leases, `get` is a lease that is done at once.
  [[nodiscard]] troupe::lease<T> lease() { return std::move(*lease_until(deadline::never())); }
  [[nodiscard]] std::optional<troupe::lease<T>> try_lease() { return lease_until(deadline::now()); }
  template <class Rep, class Period>
  [[nodiscard]] std::optional<troupe::lease<T>> try_lease_for(std::chrono::duration<Rep, Period> limit) {
    return lease_until(deadline::after(limit));
  }

  /// What this process does when it finds that a consumer died with items it had got: before it came back to the queue
  /// for another, or closed its handle. Replaces the handler of all handles of this process. Without one, a line
  /// in the log says so.
  void on_lost(lost_handler handler) { core().on_lost(std::move(handler)); }
  /// With leases: what this process does with items that were delivered `max_deliveries` times. Called by `lease` and
  /// `get` in place of a delivery; if it throws, they do, and the item comes again. Without a handler a line in the log
  /// says that the item is gone.
  void on_dead_letter(std::function<void(dead_letter<T>)> handler) {
    core().on_dead_item([handler = std::move(handler)](const transport::dead_item& dead) {
      handler({wire::decode<T>(dead.bytes), dead.queue, dead.sequence, dead.deliveries});
    });
  }

  /// Items waiting now; others may put and take at the same time.
  [[nodiscard]] std::size_t size() const { return core().size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// Whether a put would block now.
  [[nodiscard]] bool full() const { return core().full(); }
  [[nodiscard]] std::uint32_t maxsize() const { return core().item_limit(); }

  /// For `troupe::wait`: ready when there is an item, or the queue was shut down.
  operator waitable() const { return core().watch(); }

  /// Ends the use of this handle; other handles, here and elsewhere, go on.
  void close() noexcept { core_ = {}; }
  /// Ends the stream for everybody: puts fail, gets deliver what is left and then throw errc::end_of_stream.
  /// With `drop` what is left is discarded.
  void shutdown(bool drop = false) { core().shutdown(drop); }

  /// What `Next` gives, until the end of the stream.
  template <class Value, Value (queue::*Next)()>
  class stream_iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;

    explicit stream_iterator(queue& source) : source_{&source} { ++*this; }
    [[nodiscard]] Value& operator*() const { return *current_; }
    stream_iterator& operator++() {
      current_.reset();  // before we wait for the next: a lease goes back
      try {
        current_.emplace((source_->*Next)());
      } catch (const error& e) {
        if (e.code() != errc::end_of_stream) throw;
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return !current_; }

   private:
    queue* source_;
    mutable std::optional<Value> current_;
  };
  /// Takes items until the queue is shut down and drained: `for (T& item : q)`.
  [[nodiscard]] auto begin() { return stream_iterator<T, &queue::get>{*this}; }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// The same with leases: `for (auto& item : q.leases()) { ...; item.done(); }`. One that is not done goes back before
  /// the next is taken.
  class lease_range {
   public:
    [[nodiscard]] auto begin() const { return stream_iterator<troupe::lease<T>, &queue::lease>{*source_}; }
    [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

   private:
    friend class queue;
    explicit lease_range(queue& source) : source_{&source} {}
    queue* source_;
  };
  [[nodiscard]] lease_range leases() { return lease_range{*this}; }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value)
      save_handle(archive);
    else
      load_handle(archive);
  }

 private:
  template <class>
  friend class joinable_queue;

  static bool may_carry_handles() { return wire::identity_of<T>().may_carry_handles; }

  template <class Archive>
  void save_handle(Archive& archive) const {
    const auto fds = core().fds();
    archive.save_handle(fds.memory);
    const bool carrier = core().carries_handles();
    archive << carrier;
    if (!carrier) return;
    archive.save_handle(fds.carrier_in);
    archive.save_handle(fds.carrier_out);
  }
  template <class Archive>
  void load_handle(Archive& archive) {
    transport::byte_queue::papers papers{.memory = archive.load_handle(), .carrier = {}};
    bool carrier = false;
    archive >> carrier;
    if (carrier) papers.carrier = {archive.load_handle(), archive.load_handle()};  // braces: in this order
    core_ = transport::byte_queue::attach(std::move(papers), wire::identity_of<T>().hash);
  }

  [[nodiscard]] transport::byte_queue& core() {
    if (!core_) throw error{errc::closed, "this queue handle was closed"};
    return core_;
  }
  [[nodiscard]] const transport::byte_queue& core() const { return const_cast<queue*>(this)->core(); }

  bool put_until(const T& item, deadline limit) {
    wire::outgoing_handles handles;
    const wire::buffer bytes = wire::encode(item, &handles);
    if (!core().put(bytes.span(), handles.fds(), limit)) return false;
    handles.sent();
    return true;
  }
  std::optional<T> get_until(deadline limit) {
    auto taken = core().get(limit);
    if (!taken) return std::nullopt;
    return wire::decode<T>(taken->bytes.span(), &taken->handles);
  }
  std::optional<troupe::lease<T>> lease_until(deadline limit) {
    auto held = core().lease(limit);
    if (!held) return std::nullopt;
    T value = wire::decode<T>(held->bytes().span());
    return troupe::lease<T>{std::move(*held), std::move(value)};
  }

  template <class Range>
  std::size_t put_many_until(const Range& items, deadline limit) {
    std::size_t done = 0;
    if (may_carry_handles()) {
      for (const T& item : items) {
        if (!put_until(item, limit)) break;
        ++done;
      }
      return done;
    }
    transport::frame_batch frames;
    for (const T& item : items) frames.add(item);
    while (!frames.empty()) {
      const std::size_t some = core().put_some(frames, limit);
      if (some == 0) break;
      done += some;
    }
    return done;
  }
  std::vector<T> get_many_until(std::size_t most, deadline limit) {
    std::vector<T> items;
    if (may_carry_handles() || core().is_leased()) {
      try {
        for (; items.size() < most; limit = deadline::now()) {
          auto item = get_until(limit);
          if (!item) break;
          items.push_back(std::move(*item));
        }
      } catch (const error& e) {
        if (items.empty() || e.code() != errc::end_of_stream) throw;  // else it comes again, at the next call
      }
      return items;
    }
    transport::frame_batch frames;
    items.reserve(core().get_some(frames, most, limit));
    for (; !frames.empty(); frames.pop()) items.push_back(wire::decode<T>(frames.front()));
    return items;
  }

  transport::byte_queue core_;
};

}  // namespace troupe
