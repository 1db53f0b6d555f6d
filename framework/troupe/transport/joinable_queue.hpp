#pragma once

#include "troupe/transport/queue.hpp"

#include <algorithm>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace troupe {

/// A queue that knows which items are still being worked on: each `get` is followed by a `task_done()`, and `join()`
/// waits until that has come for every item that was put.
///
/// What was got and not yet said to be done is on a lease: if its consumer dies, somebody else gets the item, and
/// `join` goes on waiting for it. Thread-safe, like `queue`.
template <class T>
class joinable_queue {
 public:
  using value_type = T;

  /// Up to `maxsize` items wait; 0: bounded by memory only. Those being worked on do not count.
  explicit joinable_queue(std::uint32_t maxsize = 0) : joinable_queue{queue_options{.maxsize = maxsize}} {}
  explicit joinable_queue(queue_options options) : items_{with_leases(options)} {}
  /// A closed handle, to load into.
  explicit joinable_queue(wire::blank_t blank) noexcept : items_{blank} {}

  void put(const T& item) { items_.put(item); }
  [[nodiscard]] bool try_put(const T& item) { return items_.try_put(item); }
  template <class Rep, class Period>
  [[nodiscard]] bool try_put_for(const T& item, std::chrono::duration<Rep, Period> limit) {
    return items_.try_put_for(item, limit);
  }
  template <class Range>
  void put_many(const Range& items) {
    items_.put_many(items);
  }

  [[nodiscard]] T get() { return began(items_.lease()); }
  [[nodiscard]] std::optional<T> try_get() { return began_if(items_.try_lease()); }
  template <class Rep, class Period>
  [[nodiscard]] std::optional<T> try_get_for(std::chrono::duration<Rep, Period> limit) {
    return began_if(items_.try_lease_for(limit));
  }

  /// The item that this thread got first of those it has not finished is done; if it has none, the first of this
  /// process. Throws errc::invalid_argument if there is none either.
  void task_done() {
    std::list<task> finished;
    {
      const std::lock_guard guard{begun_->lock};
      auto& tasks = begun_->tasks;
      auto mine = std::ranges::find(tasks, std::this_thread::get_id(), &task::thread);
      if (mine == tasks.end()) mine = tasks.begin();
      if (mine == tasks.end())
        throw error{errc::invalid_argument, "task_done() was called more often than this process got items"};
      finished.splice(finished.begin(), tasks, mine);
    }
    finished.front().item.done();
  }
  /// Blocks until every item that was put is done.
  void join() { (void)items_.core().wait_until_done(deadline::never()); }
  [[nodiscard]] bool try_join() { return items_.core().wait_until_done(deadline::now()); }
  template <class Rep, class Period>
  [[nodiscard]] bool try_join_for(std::chrono::duration<Rep, Period> limit) {
    return items_.core().wait_until_done(deadline::after(limit));
  }

  /// Items that wait for a `get`.
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  [[nodiscard]] bool full() const { return items_.full(); }
  [[nodiscard]] std::uint32_t maxsize() const { return items_.maxsize(); }
  /// For `troupe::wait`: ready when there is an item, or the queue was shut down.
  operator waitable() const { return items_; }
  /// See queue.
  void on_dead_letter(std::function<void(dead_letter<T>)> handler) { items_.on_dead_letter(std::move(handler)); }

  /// Ends the use of this handle. What this process had begun with all its handles goes back once the last is closed.
  void close() noexcept {
    items_.close();
    begun_ = std::make_shared<begun>();
  }
  void shutdown(bool drop = false) { items_.shutdown(drop); }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & items_;
  }

 private:
  struct task {
    std::thread::id thread;
    lease<T> item;
  };
  struct begun {
    std::mutex lock;
    std::list<task> tasks;  // oldest first
  };

  static queue_options with_leases(queue_options options) {
    options.leases = true;
    return options;
  }
  T began(lease<T> item) {
    T value = std::move(*item);
    std::list<task> one;
    one.push_back({std::this_thread::get_id(), std::move(item)});
    const std::lock_guard guard{begun_->lock};
    begun_->tasks.splice(begun_->tasks.end(), one);
    return value;
  }
  std::optional<T> began_if(std::optional<lease<T>> item) {
    if (!item) return std::nullopt;
    return began(std::move(*item));
  }

  queue<T> items_;
  std::shared_ptr<begun> begun_ = std::make_shared<begun>();  // by this process, with copies of this handle
};

}  // namespace troupe
