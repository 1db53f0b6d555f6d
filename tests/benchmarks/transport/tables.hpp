#pragma once

#include <string>
#include <vector>

namespace bench {

/// What the report shows; trials name a table and a column by their ids.
struct column {
  std::string id;
  std::string title;
  std::string unit;
  bool has_ratio = true;
};
struct table {
  std::string id;
  std::string title;
  std::string limit;  ///< the contestant that the ratios refer to
  std::vector<column> columns;
};
[[nodiscard]] const std::vector<table>& tables();

}  // namespace bench
