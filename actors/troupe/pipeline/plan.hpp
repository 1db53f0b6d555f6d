#pragma once

#include "troupe/actor/system.hpp"
#include "troupe/base/error.hpp"
#include "troupe/pipeline/assignment.hpp"
#include "troupe/pipeline/carried.hpp"
#include "troupe/pipeline/fold.hpp"
#include "troupe/pipeline/graph.hpp"
#include "troupe/pipeline/options.hpp"
#include "troupe/pipeline/payload.hpp"
#include "troupe/pipeline/progress.hpp"
#include "troupe/pipeline/runner.hpp"
#include "troupe/pipeline/stage_stats.hpp"
#include "troupe/pipeline/workshop.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// What a pipeline made, and how.
template <class Acc>
struct report {
  Acc value;
  std::vector<stage_stats> stages;
  std::chrono::nanoseconds elapsed;
};

/// A whole pipeline, ready to run: see `from`. Used by one thread.
template <class Source, class Item, class Acc, class Merge, class... Fs>
class plan {
 public:
  plan(Source source, pipeline::graph shape, pipeline::carried_chain<Fs...> chain, Merge merge, Acc init)
      : source_{std::move(source)}
      , shape_{std::move(shape)}
      , chain_{std::move(chain)}
      , merge_{std::move(merge)}
      , value_{std::move(init)} {}

  /// The pipeline as a graph in the language of Graphviz.
  [[nodiscard]] std::string dot() const { return shape_.dot(); }

  /// Runs it, once: it uses up the source. Blocks until everything is folded and all workers have ended; the calling
  /// thread pulls the source, an item at a time, as there is room. In a handler, or in a step of
  /// another pipeline, the run takes one of the threads of the actors there, and needs one more: see
  /// errc::invalid_argument.
  ///
  /// Exact whatever dies: an item of a worker whose process ended is given to another, and its result counts once.
  /// Throws errc::invalid_argument if the plan makes no sense (see `graph::check`) or ran before, or if
  /// the process has no actor thread left that could run it; errc::process_died if
  /// an item killed more workers than its step's `retries` allow; `remote_error` naming step and item if a step
  /// function threw; what the source or the fold threw. In all cases the workers have ended.
  [[nodiscard]] report<Acc> run(system& home, const run_options& options = {}) {
    shape_.check();
    if (std::exchange(used_, true)) throw error{errc::invalid_argument, "this pipeline has run: its source is used up"};
    const auto start = std::chrono::steady_clock::now();
    pipeline::runner run{home, make_assignment(options.ordered), options};
    pull(run);
    std::vector<stage_stats> stages = run.finish();
    return {std::move(value_), std::move(stages), std::chrono::steady_clock::now() - start};
  }

 private:
  using source_item = std::ranges::range_value_t<Source>;

  pipeline::assignment make_assignment(bool ordered) {
    pipeline::assignment what{
        .shape = shape_,
        .makes = std::make_shared<pipeline::typed_workshop<source_item, Fs...>>(chain_),
        .fold = [this](pipeline::payload one) { pipeline::fold_into(value_, merge_, one.template take<Item>()); },
        .ordered = ordered,
    };
    if constexpr (std::ranges::sized_range<Source>) what.total = static_cast<std::uint64_t>(std::ranges::size(source_));
    return what;
  }

  /// An item is looked for only when there is room for it.
  void pull(pipeline::runner& run) {
    auto next = std::ranges::begin(source_);
    for (bool first = true; run.wait_for_room(); first = false) {
      if (!first) ++next;
      if (next == std::ranges::end(source_)) return;
      run.feed(pipeline::payload::of<source_item>(source_item(*next)));
    }
  }

  Source source_;
  const pipeline::graph shape_;
  const pipeline::carried_chain<Fs...> chain_;
  Merge merge_;
  Acc value_;
  bool used_ = false;
};

}  // namespace troupe
