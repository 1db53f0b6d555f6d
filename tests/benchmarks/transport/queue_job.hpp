#pragma once

#include "crew.hpp"
#include "placement.hpp"
#include "trial.hpp"

#include <array>
#include <string>
#include <vector>

namespace bench {

using queue_item = std::array<char, 64>;
inline constexpr std::size_t queue_batch = 16;
/// Items a peer's queue holds, where it has to be said.
inline constexpr std::size_t queue_room = 1024;

/// What the participants of a queue are to do; travels to them.
struct queue_job {
  int producers = 1;
  int consumers = 1;
  double seconds = 0;
  placement where = placement::free;
};

/// The columns of the queue table: "1P1C" and so on.
struct queue_column {
  std::string column;
  int producers;
  int consumers;
};
[[nodiscard]] const std::vector<queue_column>& queue_columns();

/// Million items a second, of a crew that has finished.
[[nodiscard]] double figure_of(const queue_job& job, const crew& everybody);

[[nodiscard]] inline queue_job job_for(const queue_column& what, const conditions& now) {
  return {what.producers, what.consumers, now.seconds, now.where};
}

}  // namespace bench
