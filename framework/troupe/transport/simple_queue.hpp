#pragma once

#include "troupe/transport/queue.hpp"

namespace troupe {

/// A queue with the few operations that most programs need: bounded by memory only, and never blocking a producer on a
/// count. Otherwise a `queue<T>`.
template <class T>
class simple_queue : private queue<T> {
 public:
  using value_type = T;
  using queue<T>::operator waitable;
  using queue<T>::close;
  using queue<T>::empty;
  using queue<T>::get;
  using queue<T>::put;
  using queue<T>::serialize;
  using queue<T>::try_get;

  simple_queue() : queue<T>{queue_options{.name = "simple queue"}} {}
  /// A closed handle, to load into.
  explicit simple_queue(wire::blank_t blank) noexcept : queue<T>{blank} {}
};

}  // namespace troupe
