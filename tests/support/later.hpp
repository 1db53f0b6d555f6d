#pragma once

#include <future>
#include <memory>
#include <utility>

namespace troupe::test {

/// A value that one thread waits for and another gives, once. A handle: copies stand for the same value, so whoever
/// gives it may still be inside `set` when whoever waited for it is gone.
template <class T>
class later {
 public:
  template <class... Value>
  void set(Value&&... value) const {
    const auto kept = promise_;
    kept->set_value(std::forward<Value>(value)...);
  }
  /// Blocks until it was given.
  T get() const { return future_.get(); }

 private:
  std::shared_ptr<std::promise<T>> promise_ = std::make_shared<std::promise<T>>();
  std::shared_future<T> future_ = promise_->get_future().share();
};

}  // namespace troupe::test
