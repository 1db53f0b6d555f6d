#include "troupe/pipeline/desk.hpp"

#include <utility>

namespace troupe::pipeline {

template <class Ready>
void desk::wait(std::unique_lock<std::mutex>& lock, deadline limit, Ready ready) {
  if (limit.is_never())
    changed_.wait(lock, ready);
  else
    changed_.wait_until(lock, limit.when(), ready);
}

desk::signal desk::wait_for_room(deadline limit) {
  std::unique_lock lock{mutex_};
  wait(lock, limit, [&] { return outcome_ || news_ || room_ > 0; });
  if (outcome_) return signal::over;
  if (news_) return signal::news;
  if (room_ == 0 || limit.passed()) return signal::late;
  --room_;
  return signal::room;
}

desk::signal desk::wait_for_end(deadline limit) {
  std::unique_lock lock{mutex_};
  wait(lock, limit, [&] { return outcome_ || news_; });
  return outcome_ ? signal::over : news_ ? signal::news : signal::late;
}

std::optional<progress> desk::take_news() {
  const std::scoped_lock lock{mutex_};
  return std::exchange(news_, std::nullopt);
}

outcome desk::take_outcome() {
  const std::scoped_lock lock{mutex_};
  return std::move(*outcome_);
}

bool desk::is_over() {
  const std::scoped_lock lock{mutex_};
  return outcome_.has_value();
}

void desk::give_back() {
  const std::scoped_lock lock{mutex_};
  ++room_;
  changed_.notify_one();
}

void desk::post(progress news) {
  const std::scoped_lock lock{mutex_};
  news_ = std::move(news);
  changed_.notify_one();
}

void desk::end(outcome how) {
  const std::scoped_lock lock{mutex_};
  if (outcome_) return;
  outcome_ = std::move(how);
  changed_.notify_one();
}

}  // namespace troupe::pipeline
