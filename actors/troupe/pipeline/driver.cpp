#include "troupe/pipeline/driver.hpp"

#include "troupe/base/error.hpp"

#include <algorithm>
#include <ranges>
#include <string>
#include <utility>

namespace troupe::pipeline {

driver::driver(system* home, assignment what, std::shared_ptr<desk> meets)
    : home_{*home}
    , what_{std::move(what)}
    , desk_{std::move(meets)} {
  const auto groups = what_.shape.groups();
  crews_.reserve(groups.size());
  stats_.push_back({.name = what_.shape.source, .workers = "caller"});
  std::uint32_t number = 0;
  for (const group& steps : groups) {
    crews_.emplace_back(home_, what_.makes, steps, number++, what_.shape.steps[steps.first].name);
    for (std::size_t at = steps.first; at < steps.last; ++at)
      stats_.push_back(
          {.name = what_.shape.steps[at].name,
           .workers = at == steps.first ? describe_workers(steps) : "with " + what_.shape.steps[steps.first].name});
  }
  stats_.push_back({.name = what_.shape.fold, .workers = "driver"});
  waiting_.resize(groups.size());
}

driver::~driver() {
  auto gone = error{errc::actor_gone, "the actor system was shut down while a pipeline ran"};
  desk_->end({.error = std::make_exception_ptr(gone)});
}

template <class Body>
void driver::guarded(Body body) noexcept {
  if (ending_) return;
  try {
    body();
  } catch (...) {
    end(std::current_exception());
  }
}

void driver::started() {
  guarded([&] {
    for (crew& workers : crews_) workers.open();
    for (std::uint32_t group = 0; group < crews_.size(); ++group)
      for (std::uint32_t index = 0; index < crews_[group].places(); ++index) hire({group, index});
  });
}

/// Room for all that can be on its way here, so that nobody ever has to wait for room, or loses a result for want of
/// it. Of items: each is fed once while there is room at the desk, `capacity` at most. Of results: a worker reports
/// each item in its hands once, and what a dead worker reported arrives before the news of its death, so there are no
/// more than all windows together, which is less than `capacity`. Besides one each of `source_end`, `abandon` and
/// `show`.
std::size_t driver::mailbox() const { return 2 * what_.shape.capacity() + 3; }

void driver::hire(place where) {
  const ref<worker_api> who = crews_[where.group].hire(where.index, self());
  watched_.emplace(who.address(), where);
  watch(who);
}

// -- items on their way ----------------------------------------------------------------------------------------------

void driver::on(feed item) {
  guarded([&] {
    const std::uint64_t number = fed_++;
    ++stats_.front().items;
    open_.emplace(number, open_item{.content = std::move(item.content)});
    enter(number);
  });
}

void driver::enter(std::uint64_t item) {
  open_item& entering = open_.at(item);
  if (entering.group == crews_.size()) return finish(item, std::move(entering.content));
  waiting_[entering.group].push_back(item);
  note_queue(entering.group);
  dispatch(entering.group);
}

void driver::dispatch(std::size_t group) {
  while (!waiting_[group].empty() && give_first(group)) waiting_[group].pop_front();
}

bool driver::give_first(std::size_t group) {
  const std::uint64_t item = waiting_[group].front();
  payload& content = open_.at(item).content;
  if (crews_[group].steps().own_process) content.freeze();
  return crews_[group].give({.item = item, .content = content});
}

void driver::note_queue(std::size_t group) {
  std::size_t& most = stats_of(group).max_queue;
  most = std::max(most, waiting_[group].size() + crews_[group].in_hands());
}

void driver::on(done result) {
  guarded([&] {
    const std::size_t group = result.by.group;
    if (group >= crews_.size()) return;
    const bool was_in_hands = crews_[group].settle(result.by, result.item);
    const auto found = open_.find(result.item);
    if (found != open_.end() && found->second.group == group) {
      if (!was_in_hands)
        std::erase(waiting_[group], result.item);  // of a worker that died: it may wait to be given again
      count(result);
      if (result.content) {
        found->second = {.content = std::move(result.content), .group = group + 1};
        enter(result.item);
      } else {
        finish(result.item, {});
      }
    }
    dispatch(group);
    end_if_done();
  });
}

void driver::count(const done& result) {
  const group& steps = crews_[result.by.group].steps();
  const std::size_t passed = std::min(result.busy.size(), steps.last - steps.first);
  for (std::size_t at = 0; at < passed; ++at) {
    stage_stats& stage = stats_[1 + steps.first + at];
    ++stage.items;
    stage.busy += std::chrono::nanoseconds{result.busy[at]};
  }
}

void driver::finish(std::uint64_t item, payload content) {
  open_.erase(item);
  if (!what_.ordered) return fold(std::move(content));
  early_.emplace(item, std::move(content));
  stats_.back().max_queue = std::max(stats_.back().max_queue, early_.size());
  for (auto next = early_.begin(); next != early_.end() && next->first == turn_; next = early_.erase(next), ++turn_)
    fold(std::move(next->second));
}

void driver::fold(payload content) {
  if (content) {
    const auto start = clock::now();
    what_.fold(std::move(content));
    stats_.back().busy += clock::now() - start;
    ++stats_.back().items;
  }
  ++finished_;
  desk_->give_back();
}

// -- workers that end ------------------------------------------------------------------------------------------------

void driver::on(const down& news) {
  const auto found = watched_.find(news.who);
  if (found == watched_.end()) return;
  const place where = found->second;
  watched_.erase(found);
  if (ending_) return settle_up();
  guarded([&] { replace(where, news); });
}

void driver::replace(place where, const down& news) {
  crew& workers = crews_[where.group];
  if (!workers.steps().own_process) throw error{news.reason, "a worker in this process ended: " + news.text};
  const std::deque<std::uint64_t> lost = workers.lose(where.index);
  ++stats_of(where.group).deaths;
  if (!lost.empty()) blame(lost.front(), where, news);
  for (const std::uint64_t item : lost | std::views::reverse) {
    const auto still = open_.find(item);
    if (still == open_.end() || still->second.group != where.group) continue;
    waiting_[where.group].push_front(item);
    ++stats_of(where.group).retries;
  }
  hire(where);
  dispatch(where.group);
}

void driver::blame(std::uint64_t item, place where, const down& news) {
  const auto found = open_.find(item);
  if (found == open_.end() || found->second.group != where.group) return;
  if (++found->second.deaths <= crews_[where.group].steps().retries) return;
  throw error{errc::process_died, "step '" + step_name(where.group, 0) + "' at item " + std::to_string(item + 1)
                                      + " of '" + what_.shape.source + "': its worker died "
                                      + std::to_string(found->second.deaths) + " times; the last: " + news.text};
}

void driver::on(const failed& what) {
  guarded([&] {
    if (what.by.group >= crews_.size()) return;
    const std::string origin = "step '" + step_name(what.by.group, what.step) + "' at item "
                               + std::to_string(what.item + 1) + " of '" + what_.shape.source + "'";
    throw remote_error{what.type, what.text, origin};
  });
}

std::string driver::step_name(std::size_t group, std::size_t at) const {
  const pipeline::group& steps = crews_[group].steps();
  return what_.shape.steps[std::min(steps.first + at, steps.last - 1)].name;
}

// -- the end ---------------------------------------------------------------------------------------------------------

void driver::on(const source_end&) {
  guarded([&] {
    source_ended_ = true;
    end_if_done();
  });
}

void driver::on(const abandon&) {
  guarded([&] { end(nullptr); });
}

void driver::end_if_done() {
  if (source_ended_ && open_.empty()) end(nullptr);
}

void driver::end(std::exception_ptr error) {
  if (std::exchange(ending_, true)) return;
  error_ = std::move(error);
  const bool at_once = error_ != nullptr || !source_ended_;
  for (crew& workers : crews_) {
    auto homes = workers.dismiss(at_once);
    homes_.insert(homes_.end(), homes.begin(), homes.end());
  }
  settle_up();
}

/// What workers in this process hold may refer to what the caller of `run` owns: it must not return before they left.
void driver::settle_up() {
  const bool all_left =
      std::ranges::all_of(watched_, [&](const auto& one) { return crews_[one.second.group].steps().own_process; });
  if (!all_left) return;
  desk_->end({.stats = std::move(stats_), .error = std::move(error_), .homes = std::move(homes_)});
  stop();
}

void driver::on(const show&) {
  guarded([&] {
    progress now{.elapsed = clock::now() - start_, .pulled = fed_, .finished = finished_, .total = what_.total};
    for (std::size_t group = 0; group < crews_.size(); ++group) {
      const pipeline::group& steps = crews_[group].steps();
      for (std::size_t at = steps.first; at < steps.last; ++at)
        now.steps.push_back({.name = stats_[1 + at].name,
                             .items = stats_[1 + at].items,
                             .queue = at == steps.first ? waiting_[group].size() + crews_[group].in_hands() : 0});
      crews_[group].show_workers(now.workers);
    }
    desk_->post(std::move(now));
  });
}

}  // namespace troupe::pipeline
