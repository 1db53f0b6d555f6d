#include "queue_job.hpp"

#include <algorithm>
#include <limits>

namespace bench {

const std::vector<queue_column>& queue_columns() {
  static const std::vector<queue_column> all{
      {"1P1C", 1, 1}, {"2P1C", 2, 1}, {"1P2C", 1, 2}, {"2P2C", 2, 2}, {"4P4C", 4, 4}};
  return all;
}

double figure_of(const queue_job&, const crew& everybody) {
  std::int64_t begin = std::numeric_limits<std::int64_t>::max();
  std::int64_t end = 0;
  std::uint64_t items = 0;
  for (const score& one : everybody.scores()) {
    begin = std::min(begin, one.begin);
    end = std::max(end, one.end);
    items += one.messages;
  }
  return static_cast<double>(items) / static_cast<double>(end - begin) * 1e3;
}

}  // namespace bench
