#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/pipeline/carried.hpp"

#include <chrono>
#include <cstddef>
#include <functional>

/// Where the workers of a pipeline's step are.
namespace troupe::place {

struct here_t {
  explicit here_t() = default;
};
struct own_process_t {
  explicit own_process_t() = default;
};
inline constexpr here_t here{};                ///< actors in the process that runs the pipeline
inline constexpr own_process_t own_process{};  ///< each worker is an actor in a process of its own

}  // namespace troupe::place

namespace troupe {

struct progress;

/// `place::here` or `place::own_process`. The second does not compile for a step function F that cannot travel to
/// another process.
template <class F>
class placement {
 public:
  constexpr placement(place::here_t) noexcept {}
  template <class G = F>
  constexpr placement(place::own_process_t) noexcept : own_process_{true} {
    static_assert(pipeline::portable<G>,
                  "this step function cannot travel to another process: a lambda must not capture, a functor must be "
                  "default constructible and serializable");
  }

  [[nodiscard]] constexpr bool own_process() const noexcept { return own_process_; }

 private:
  bool own_process_ = false;
};

/// How a step of type F is carried out. A step that is given none goes with the step before it.
template <class F>
struct step_options {
  unsigned width = 1;                ///< workers, each with one item at a time
  placement<F> where = place::here;  ///< where they are
  unsigned retries = 2;              ///< how often one item may kill its worker's process and be tried again
  std::size_t window = 8;            ///< items that are in a worker's hands or on the way to it: its edge's capacity
};

/// How a pipeline runs.
struct run_options {
  bool progress = false;                                ///< a live line on stderr, if that is a terminal
  time_span interval = std::chrono::milliseconds{100};  ///< from one report of progress to the next
  std::function<void(const troupe::progress&)> on_progress =
      nullptr;           ///< called with each, by the thread that is in `run`
  bool ordered = false;  ///< fold in the order of the source, not as results arrive
};

}  // namespace troupe
