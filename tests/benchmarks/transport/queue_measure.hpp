#pragma once

#include "clock.hpp"
#include "participant.hpp"
#include "payload.hpp"
#include "queue_job.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>

/// What the participants of a queue do, for any queue that has
///
///     void put(const queue_item&);
///     void get(queue_item&);
///
/// or, with `static constexpr bool batched = true`, the same for many at once:
///
///     void put(std::span<const queue_item>);
///     std::size_t get(std::span<queue_item>);  // at least one
///
/// The producers put for the given time. The last of them to end puts one stop item for each consumer; as the queue is
/// first in, first out, all other items have been taken by then.
namespace bench {

[[nodiscard]] inline std::span<std::byte> bytes_of(queue_item& item) { return std::as_writable_bytes(std::span{item}); }
[[nodiscard]] inline std::span<const std::byte> bytes_of(const queue_item& item) {
  return std::as_bytes(std::span{item});
}

template <class Queue>
inline constexpr bool is_batched = requires { requires Queue::batched; };

template <class Queue>
void put_one(Queue& to, const queue_item& item) {
  if constexpr (is_batched<Queue>)
    to.put(std::span{&item, 1});
  else
    to.put(item);
}

template <class Queue>
void produce(Queue& to, const queue_job& job, participant& me) {
  score& mine = me.mine();
  std::array<queue_item, is_batched<Queue> ? queue_batch : 1> items;
  std::uint64_t stamp = 0;
  me.meet();
  run_for(job.seconds, 32, [&] {
    for (queue_item& item : items) mine.sent += fill(bytes_of(item), ++stamp);
    if constexpr (is_batched<Queue>)
      to.put(std::span<const queue_item>{items});
    else
      to.put(items[0]);
  });
  me.stop();
  if (board().producers_left.fetch_sub(1) != 1) return;
  fill(bytes_of(items[0]), stop_stamp);
  for (int i = 0; i < job.consumers; ++i) put_one(to, items[0]);
}

template <class Queue>
void consume(Queue& from, participant& me) {
  score& mine = me.mine();
  std::array<queue_item, is_batched<Queue> ? queue_batch : 1> items;
  me.meet();
  for (int stops = 0; stops == 0;) {
    std::size_t taken = 1;
    if constexpr (is_batched<Queue>)
      taken = from.get(std::span{items});
    else
      from.get(items[0]);
    for (const queue_item& item : std::span{items}.first(taken)) {
      if (!is_stop(bytes_of(item))) {
        mine.received += sum_of(bytes_of(item));
        ++mine.messages;
      } else if (++stops > 1) {
        put_one(from, item);  // it was for another consumer
      }
    }
  }
  me.stop();
}

/// The whole part of participant `index`; producers come first.
template <class Queue>
void take_part(Queue& queue, int index, const queue_job& job, participant& me) {
  if (index < job.producers)
    produce(queue, job, me);
  else
    consume(queue, me);
  me.leave();
}

/// Measures a queue that forked processes inherit: `Queue{}` is made in the coordinator, `open()` gives what a process
/// uses.
template <class Queue>
double measure_forked(const queue_job& job) {
  Queue queue;
  crew everybody{job.producers + job.consumers, job.producers};
  for (int index = 0; index < job.producers + job.consumers; ++index)
    everybody.fork([&] {
      participant me{index, index < job.producers ? 0 : 1, job.where};
      auto mine = queue.open();
      take_part(mine, index, job, me);
    });
  everybody.finish();
  return figure_of(job, everybody);
}

template <class Queue>
void add_queue(catalogue& all, const std::string& name) {
  for (const queue_column& what : queue_columns())
    all.add("queue", what.column, name,
            [&what](const conditions& c) { return measure_forked<Queue>(job_for(what, c)); });
}

}  // namespace bench
