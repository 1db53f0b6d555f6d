#pragma once

#include "machine.hpp"
#include "options.hpp"
#include "tables.hpp"
#include "trial.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bench {

/// All repetitions of one trial.
struct result {
  trial what;
  std::vector<double> values;
  std::string failure;  ///< why a repetition failed; the trial is not tried again then

  /// Of at least one value.
  [[nodiscard]] double median() const;
};

/// What a run has measured, and under what circumstances.
struct results {
  options chosen;
  machine where;
  std::string date;
  double load_before = 0;
  double load_after = 0;
  double used_by_others = 0;  ///< share of the processor time of the whole run
  std::vector<result> all;
  std::vector<catalogue::absence> absent;

  /// Nothing if it was not measured.
  [[nodiscard]] const result* find(const std::string& table, const std::string& column,
                                   const std::string& contestant) const;
  /// Its median over that of the table's limit; nothing if either is missing.
  [[nodiscard]] std::optional<double> ratio(const result& one) const;
};

}  // namespace bench
