#pragma once

#include "results.hpp"

#include <string>

namespace bench {

/// All tables on stdout: a median and its ratio to the limit, below it the smallest and the largest value.
void print(const results& run);

/// Everything, every single value included, for machines. Throws std::runtime_error if the file cannot be written.
void write_json(const results& run, const std::string& path);

}  // namespace bench
