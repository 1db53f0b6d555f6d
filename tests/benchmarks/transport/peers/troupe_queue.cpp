// troupe's queue: single items and, once queue<T> has put_many and get_many, batches.
#include "../queue_measure.hpp"
#include "peers.hpp"

#include "troupe/process/process.hpp"
#include "troupe/transport/queue.hpp"

#include <algorithm>
#include <concepts>
#include <utility>
#include <vector>

namespace bench {
namespace {

template <class Item>
class single {
 public:
  explicit single(troupe::queue<Item> queue) : queue_{std::move(queue)} {}

  void put(const Item& item) { queue_.put(item); }
  void get(Item& item) { item = queue_.get(); }

 private:
  troupe::queue<Item> queue_;
};

template <class Queue, class Item>
concept gets_into_room = requires(Queue& q, std::span<Item> room) {
  { q.get_many(room) } -> std::convertible_to<std::size_t>;
};
template <class Queue, class Item>
concept gets_many = gets_into_room<Queue, Item> || requires(Queue& q) {
  { q.get_many(queue_batch) } -> std::convertible_to<std::vector<Item>>;
};
template <class Queue, class Item>
concept has_batches = gets_many<Queue, Item> && requires(Queue& q, std::span<const Item> items) { q.put_many(items); };

template <class Item>
class batches {
 public:
  static constexpr bool batched = true;
  explicit batches(troupe::queue<Item> queue) : queue_{std::move(queue)} {}

  void put(std::span<const Item> items) { queue_.put_many(items); }
  std::size_t get(std::span<Item> items) {
    if constexpr (gets_into_room<troupe::queue<Item>, Item>) {
      return queue_.get_many(items);
    } else {
      const std::vector<Item> got = queue_.get_many(items.size());
      std::ranges::copy(got, items.begin());
      return got.size();
    }
  }

 private:
  troupe::queue<Item> queue_;
};

template <class Access, class Item>
int run_member(troupe::queue<Item> queue, queue_job job, int index) {
  return guarded([&] {
    participant me{index, index < job.producers ? 0 : 1, job.where};
    Access access{std::move(queue)};
    take_part(access, index, job, me);
  });
}

template <class Access, class Item>
double measure(const queue_job& job) {
  const troupe::queue<Item> queue{queue_room};
  crew everybody{job.producers + job.consumers, job.producers};
  for (int index = 0; index < job.producers + job.consumers; ++index)
    everybody.start(troupe::process{&run_member<Access, Item>, queue, job, index});
  everybody.finish();
  return figure_of(job, everybody);
}

template <class Access, class Item>
void add(catalogue& all, const std::string& name) {
  for (const queue_column& what : queue_columns())
    all.add("queue", what.column, name,
            [&what](const conditions& c) { return measure<Access, Item>(job_for(what, c)); });
}

template <class Item>
void add_all(catalogue& all) {
  add<single<Item>, Item>(all, "troupe");
  if constexpr (has_batches<troupe::queue<Item>, Item>)
    add<batches<Item>, Item>(all, "troupe, batches of 16");
  else
    all.absent.push_back({"troupe, batches of 16", "queue<T> has no put_many and get_many"});
}

}  // namespace

void add_troupe_queue(catalogue& all) { add_all<queue_item>(all); }

}  // namespace bench
