#include "report.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace bench {
namespace {

constexpr int name_width = 23;
constexpr int cell_width = 24;

// Three digits that count.
std::string number(double value) {
  if (value >= 100) return fmt::format("{:.0f}", value);
  if (value >= 10) return fmt::format("{:.1f}", value);
  if (value >= 0.1) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3f}", value);
}

std::string median_cell(const results& run, const result& one) {
  const auto ratio = run.ratio(one);
  return fmt::format("{} {:>7}", number(one.median()), ratio ? number(*ratio) + "x" : "");
}

std::string range_cell(const result& one) {
  const auto [least, most] = std::ranges::minmax(one.values);
  return fmt::format("{}..{} {:>7}", number(least), number(most), "");
}

// In the order in which they entered.
std::vector<std::string> contestants(const results& run, const table& t) {
  std::vector<std::string> names;
  for (const result& one : run.all)
    if (one.what.table == t.id && std::ranges::find(names, one.what.contestant) == names.end())
      names.push_back(one.what.contestant);
  return names;
}

void print_row(const results& run, const table& t, const std::string& contestant) {
  std::string medians = fmt::format("{:<{}}", contestant, name_width);
  std::string ranges(name_width, ' ');
  for (const column& c : t.columns) {
    const result* one = run.find(t.id, c.id, contestant);
    medians += fmt::format("{:>{}}", one != nullptr ? median_cell(run, *one) : fmt::format("- {:>7}", ""), cell_width);
    ranges += fmt::format("{:>{}}", one != nullptr ? range_cell(*one) : "", cell_width);
  }
  fmt::print("{}\n", medians);
  if (run.chosen.repetitions > 1) fmt::print("{}\n", ranges);
}

void print_table(const results& run, const table& t) {
  const auto names = contestants(run, t);
  if (names.empty()) return;
  fmt::print("\n{} (x: of {})\n{:<{}}", t.title, t.limit, "", name_width);
  for (const column& c : t.columns) fmt::print("{:>{}}", fmt::format("{}, {}", c.title, c.unit), cell_width);
  fmt::print("\n");
  for (const std::string& name : names) print_row(run, t, name);
}

}  // namespace

void print(const results& run) {
  fmt::print("{}, {} cores, {}, {}; {}\n", run.where.processor, run.where.cores, run.where.kernel, run.where.compiler,
             run.date);
  fmt::print("placement {}; {} repetitions of {} s, interleaved\n", name_of(run.chosen.how.where),
             run.chosen.repetitions, run.chosen.how.seconds);
  fmt::print("load average {:.1f} before, {:.1f} after; others used {:.0f} % of the processors\n", run.load_before,
             run.load_after, 100 * run.used_by_others);
  for (const table& t : tables()) print_table(run, t);
  if (!run.absent.empty()) fmt::print("\n");
  for (const auto& [who, why] : run.absent) fmt::print("skipped: {}: {}\n", who, why);
  for (const result& one : run.all)
    if (!one.failure.empty())
      fmt::print("failed: {}/{}/{}: {}\n", one.what.table, one.what.column, one.what.contestant, one.failure);
}

}  // namespace bench
