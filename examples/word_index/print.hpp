#pragma once

#include "index.hpp"
#include "settings.hpp"
#include "walk.hpp"

#include <vector>

namespace word_index {

/// Prints the answer: the most frequent words, the files that hold the words asked for, what was skipped.
void print_index(const index& all, const std::vector<file>& files, const settings& chosen);

}  // namespace word_index
