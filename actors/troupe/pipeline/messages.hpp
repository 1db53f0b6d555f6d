#pragma once

#include "troupe/actor/protocol.hpp"
#include "troupe/pipeline/payload.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What the driver of a pipeline, its workers and the thread in `run` say to each other.
namespace troupe::pipeline {

/// A worker: place `index` of a group, and the how-manieth to hold it.
struct worker_tag {
  std::uint32_t group = 0;
  std::uint32_t index = 0;
  std::uint32_t life = 0;

  bool operator==(const worker_tag&) const = default;
};

// -- to a worker -----------------------------------------------------------------------------------------------------

/// One item. Items are worked off in the order they come.
struct work {
  std::uint64_t item = 0;
  payload content{};
};
/// No more will come.
struct leave {};
struct worker_api : protocol<work, leave> {};

// -- to the driver ---------------------------------------------------------------------------------------------------

/// From the thread in `run`: the next item of the source.
struct feed {
  payload content{};
};
/// From the thread in `run`: there are no more.
struct source_end {};
/// From the thread in `run`: end at once.
struct abandon {};
/// From the thread in `run`: report the progress.
struct show {};
/// From a worker: an item passed through the worker's steps.
struct done {
  worker_tag by{};
  std::uint64_t item = 0;
  payload content{};                 ///< none: a step dropped the item
  std::vector<std::int64_t> busy{};  ///< nanoseconds in each step that it passed through
};
/// From a worker: a step function threw.
struct failed {
  worker_tag by{};
  std::uint64_t item = 0;
  std::uint32_t step = 0;  ///< counted within the worker
  std::string type{};
  std::string text{};
};
struct driver_api : protocol<feed, source_end, abandon, show, done, failed> {};

}  // namespace troupe::pipeline
