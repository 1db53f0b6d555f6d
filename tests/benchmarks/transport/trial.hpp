#pragma once

#include "placement.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct conditions {
  double seconds = 0.2;  ///< of measuring, for one figure
  placement where = placement::two_cores;
};

/// One figure of one contestant: where it stands in the report, and how it is measured once.
struct trial {
  std::string table;
  std::string column;
  std::string contestant;
  std::function<double(const conditions&)> run;
};

/// All trials of this program, in the order of the report's rows, and the contestants that are not there.
struct catalogue {
  struct absence {
    std::string contestant;
    std::string reason;
  };
  std::vector<trial> trials;
  std::vector<absence> absent;

  void add(std::string table, std::string column, std::string contestant,
           std::function<double(const conditions&)> run) {
    trials.push_back({std::move(table), std::move(column), std::move(contestant), std::move(run)});
  }
};

}  // namespace bench
