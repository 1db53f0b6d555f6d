#include "report.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace bench {
namespace {

using nlohmann::ordered_json;

ordered_json columns_of(const table& t) {
  ordered_json columns = ordered_json::array();
  for (const column& c : t.columns) columns.push_back({{"id", c.id}, {"title", c.title}, {"unit", c.unit}});
  return columns;
}

ordered_json as_json(const results& run, const result& one) {
  ordered_json entry{{"table", one.what.table}, {"column", one.what.column}, {"contestant", one.what.contestant}};
  if (!one.failure.empty()) entry["failure"] = one.failure;
  if (one.values.empty()) return entry;
  const auto [least, most] = std::ranges::minmax(one.values);
  entry["median"] = one.median();
  entry["min"] = least;
  entry["max"] = most;
  if (const auto ratio = run.ratio(one)) entry["ratio"] = *ratio;
  entry["values"] = one.values;
  return entry;
}

}  // namespace

void write_json(const results& run, const std::string& path) {
  ordered_json all{
      {"benchmark", "transport"},
      {"date", run.date},
      {"machine",
       {{"processor", run.where.processor},
        {"cores", run.where.cores},
        {"kernel", run.where.kernel},
        {"compiler", run.where.compiler},
        {"load_before", run.load_before},
        {"load_after", run.load_after},
        {"used_by_others", run.used_by_others}}},
      {"settings",
       {{"placement", name_of(run.chosen.how.where)},
        {"repetitions", run.chosen.repetitions},
        {"seconds", run.chosen.how.seconds},
        {"only", run.chosen.only}}},
      {"tables", ordered_json::array()},
      {"results", ordered_json::array()},
      {"skipped", ordered_json::array()},
  };
  for (const table& t : tables())
    all["tables"].push_back({{"id", t.id}, {"title", t.title}, {"limit", t.limit}, {"columns", columns_of(t)}});
  for (const result& one : run.all) all["results"].push_back(as_json(run, one));
  for (const auto& [who, why] : run.absent) all["skipped"].push_back({{"contestant", who}, {"reason", why}});
  std::ofstream file{path};
  file << all.dump(2) << '\n';
  if (!file.flush()) throw std::runtime_error{path + " cannot be written"};
}

}  // namespace bench
