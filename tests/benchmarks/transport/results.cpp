#include "results.hpp"

#include <algorithm>

namespace bench {

double result::median() const {
  std::vector<double> sorted = values;
  std::ranges::sort(sorted);
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const result* results::find(const std::string& table, const std::string& column, const std::string& contestant) const {
  const auto found = std::ranges::find_if(all, [&](const result& r) {
    return r.what.table == table && r.what.column == column && r.what.contestant == contestant;
  });
  return found == all.end() || found->values.empty() ? nullptr : &*found;
}

std::optional<double> results::ratio(const result& one) const {
  const auto table = std::ranges::find(tables(), one.what.table, &table::id);
  if (table == tables().end() || one.values.empty()) return std::nullopt;
  const auto column = std::ranges::find(table->columns, one.what.column, &column::id);
  if (column == table->columns.end() || !column->has_ratio) return std::nullopt;
  const result* limit = find(one.what.table, one.what.column, table->limit);
  if (limit == nullptr || limit->median() <= 0) return std::nullopt;
  return one.median() / limit->median();
}

}  // namespace bench
