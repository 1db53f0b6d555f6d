#pragma once

#include "troupe/pipeline/graph.hpp"
#include "troupe/pipeline/payload.hpp"
#include "troupe/pipeline/workshop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace troupe::pipeline {

/// All that a run is made of, without its types.
struct assignment {
  graph shape{};
  std::shared_ptr<const workshop> makes{};
  std::function<void(payload)> fold{};
  bool ordered = false;
  std::optional<std::uint64_t> total{};
};

}  // namespace troupe::pipeline
