#include "troupe/pipeline/runner.hpp"

#include "troupe/base/error.hpp"

#include <utility>

namespace troupe::pipeline {

runner::runner(system& home, assignment what, const run_options& options)
    : options_{options}
    , desk_{std::make_shared<desk>(what.shape.capacity())}
    , line_{options.progress, what.shape.source} {
  if (line_.active() || options_.on_progress) next_report_ = deadline::after(options_.interval);
  driver_ = home.spawn<driver>(&home, std::move(what), desk_);
  at_source_ = clock::now();
}

runner::~runner() {
  if (over_) return;
  options_.on_progress = nullptr;
  tell(abandon{});
  static_cast<void>(wait_for_end());
}

bool runner::wait_for_room() {
  source_busy_ += clock::now() - at_source_;
  for (;;) {
    const desk::signal what = desk_->wait_for_room(next_report_);
    if (what == desk::signal::room) break;
    if (!handle(what)) return false;
  }
  at_source_ = clock::now();
  return true;
}

void runner::feed(payload item) { tell(pipeline::feed{std::move(item)}); }

std::vector<stage_stats> runner::finish() {
  tell(source_end{});
  outcome how = wait_for_end();
  if (how.error) std::rethrow_exception(how.error);
  how.stats.front().busy = source_busy_;
  return std::move(how.stats);
}

/// A driver that has ended says so at the desk.
template <class Message>
void runner::tell(Message message) {
  try {
    driver_.tell(std::move(message));
  } catch (const error& e) {
    if (e.code() != errc::actor_gone) throw;
  }
}

outcome runner::wait_for_end() {
  while (handle(desk_->wait_for_end(next_report_))) {
  }
  over_ = true;
  line_.wipe();
  outcome how = desk_->take_outcome();
  for (const auto& home : how.homes) home->join();
  return how;
}

/// False at the end of the run.
bool runner::handle(desk::signal what) {
  if (what == desk::signal::over) return false;
  if (what == desk::signal::late) {
    next_report_ = deadline::never();  // until the driver has made this one
    tell(show{});
  } else if (const auto news = desk_->take_news()) {
    next_report_ = deadline::after(options_.interval);
    line_.show(*news);
    if (options_.on_progress) options_.on_progress(*news);
  }
  return true;
}

}  // namespace troupe::pipeline
