#include "troupe/pipeline/stage_stats.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ostream>

namespace troupe {
namespace {

using row = std::array<std::string, 7>;

std::string seconds(std::chrono::nanoseconds time) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), std::chrono::duration<double>{time}.count(),
                                 std::chars_format::fixed, 3);
  return std::string{text.data(), end.ptr} + " s";
}

row row_of(const stage_stats& stage) {
  return {stage.name,
          std::to_string(stage.items),
          stage.workers,
          seconds(stage.busy),
          std::to_string(stage.max_queue),
          std::to_string(stage.retries),
          std::to_string(stage.deaths)};
}

constexpr bool is_text(std::size_t column) { return column == 0 || column == 2; }

}  // namespace

std::ostream& operator<<(std::ostream& out, const std::vector<stage_stats>& stages) {
  std::vector<row> rows{{"stage", "items", "workers", "busy", "max queue", "retries", "deaths"}};
  for (const stage_stats& stage : stages) rows.push_back(row_of(stage));

  std::array<std::size_t, std::tuple_size_v<row>> widths{};
  for (const row& cells : rows)
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());

  for (const row& cells : rows) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string space(widths[i] - cells[i].size(), ' ');
      out << (i == 0 ? "" : "  ") << (is_text(i) ? cells[i] + space : space + cells[i]);
    }
    out << '\n';
  }
  return out;
}

std::uint64_t deaths(const std::vector<stage_stats>& stages) noexcept {
  std::uint64_t sum = 0;
  for (const stage_stats& stage : stages) sum += stage.deaths;
  return sum;
}

}  // namespace troupe
