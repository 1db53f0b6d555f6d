#include "troupe/pipeline/runner.hpp"

#include "troupe/actor/ref.hpp"
#include "troupe/base/deadline.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/forks.hpp"
#include "troupe/pipeline/desk.hpp"
#include "troupe/pipeline/driver.hpp"
#include "troupe/pipeline/progress_line.hpp"
#include "troupe/runtime/engine.hpp"

#include <chrono>
#include <cstdint>
#include <utility>

namespace troupe::pipeline {

using clock = std::chrono::steady_clock;

namespace {

struct is_over {
  desk& meeting;
  bool operator()() const { return meeting.is_over(); }
};

}  // namespace

struct runner::state {
  state(const run_options& how, const graph& shape)
      : options{how}
      , meeting{std::make_shared<desk>(shape.capacity())}
      , line{how.progress, shape.source} {
    if (line.active() || options.on_progress) next_report = deadline::after(options.interval);
  }

  template <class Message>
  void tell(Message message);
  [[nodiscard]] bool handle(desk::signal what);
  [[nodiscard]] outcome wait_for_end();
  void refuse_copies() const;

  run_options options;
  const std::shared_ptr<desk> meeting;
  const is_over over_at_the_desk{*meeting};
  // In a handler the whole run takes one of the threads that its own actors need.
  const runtime::blocking_wait taken_thread{0, over_at_the_desk};
  progress_line line;
  ref<driver_api> to_driver{};
  deadline next_report = deadline::never();
  bool over = false;
  const std::uint32_t started_at = forks();
  clock::time_point at_source{};  // since when the source works on the next item
  std::chrono::nanoseconds source_busy{0};
};

runner::runner(system& home, assignment what, const run_options& options)
    : state_{std::make_unique<state>(options, what.shape)} {
  state_->to_driver = home.spawn<driver>(&home, std::move(what), state_->meeting);
  state_->at_source = clock::now();
}

runner::~runner() {
  if (forks() != state_->started_at) {
    (void)state_.release();  // NOLINT(bugprone-unused-return-value): it is the original's
    return;
  }
  if (state_->over) return;
  state_->options.on_progress = nullptr;
  state_->tell(abandon{});
  static_cast<void>(state_->wait_for_end());
}

bool runner::wait_for_room() {
  state_->refuse_copies();
  state_->source_busy += clock::now() - state_->at_source;
  for (;;) {
    const desk::signal what = state_->meeting->wait_for_room(state_->next_report);
    if (what == desk::signal::room) break;
    if (!state_->handle(what)) return false;
  }
  state_->at_source = clock::now();
  return true;
}

void runner::feed(payload item) { state_->tell(pipeline::feed{std::move(item)}); }

std::vector<stage_stats> runner::finish() {
  state_->refuse_copies();
  state_->tell(source_end{});
  outcome how = state_->wait_for_end();
  if (how.error) std::rethrow_exception(how.error);
  how.stats.front().busy = state_->source_busy;
  return std::move(how.stats);
}

/// A driver that has ended says so at the desk.
template <class Message>
void runner::state::tell(Message message) {
  try {
    to_driver.tell(std::move(message));
  } catch (const error& e) {
    if (e.code() != errc::actor_gone) throw;
  }
}

void runner::state::refuse_copies() const {
  if (forks() != started_at)
    throw error{errc::no_system,
                "this process is a copy that fork() made while a pipeline ran: the run is its parent's"};
}

outcome runner::state::wait_for_end() {
  while (handle(meeting->wait_for_end(next_report))) {
  }
  over = true;
  line.wipe();
  outcome how = meeting->take_outcome();
  for (const auto& home : how.homes) home->join();
  return how;
}

/// False at the end of the run.
bool runner::state::handle(desk::signal what) {
  if (what == desk::signal::over) return false;
  if (what == desk::signal::late) {
    next_report = deadline::never();  // until the driver has made this one
    tell(show{});
  } else if (const auto news = meeting->take_news()) {
    next_report = deadline::after(options.interval);
    line.show(*news);
    if (options.on_progress) options.on_progress(*news);
  }
  return true;
}

}  // namespace troupe::pipeline
