#pragma once

#include "crew.hpp"
#include "placement.hpp"
#include "trial.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

enum class pipe_kind : unsigned char {
  round_trip,  ///< requests and answers, back to back
  one_way,     ///< messages of bytes
  records,     ///< messages of the small struct
  idle,        ///< requests after a pause in which both sides fall asleep
  waiting,     ///< nothing but one side waiting
};

/// What the two participants of a pipe are to do; travels to them.
struct pipe_job {
  pipe_kind kind = pipe_kind::round_trip;
  std::uint64_t size = 64;
  double seconds = 0;
  placement where = placement::free;
};

/// One column of the report's pipe tables.
struct pipe_column {
  std::string table;
  std::string column;
  pipe_kind kind;
  std::uint64_t size;
  bool one_core = false;  ///< whatever the placement of the run is
};
[[nodiscard]] const std::vector<pipe_column>& pipe_columns();

/// The figure, in the unit of its column, of a crew that has finished.
[[nodiscard]] double figure_of(const pipe_job& job, const crew& both);

[[nodiscard]] inline pipe_job job_for(const pipe_column& what, const conditions& now) {
  return {what.kind, what.size, now.seconds, what.one_core ? placement::one_core : now.where};
}

}  // namespace bench
