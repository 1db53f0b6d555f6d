#pragma once

#include "trial.hpp"

#include <string>

namespace bench {

struct options {
  conditions how;
  int repetitions = 5;
  std::string only;  ///< a regular expression for "table/column/contestant"; empty: all
  std::string json;  ///< a file to write; empty: none
  bool list = false;
};

/// Reads the command line; ends the program for --help and for mistakes.
[[nodiscard]] options read_options(int argc, char** argv);

}  // namespace bench
