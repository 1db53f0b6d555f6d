#pragma once

#include "walk.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace word_index {

/// A file's words in their order.
struct document {
  file source;
  std::string problem;  ///< not empty: why it has none
  std::vector<std::string> words;
};

struct word_count {
  std::string word;
  std::uint32_t count = 0;
};

/// How often each word is in a file.
struct file_counts {
  file source;
  std::string problem;
  std::vector<word_count> counts;  ///< each word once, in no particular order
};

/// Step 1: reads and tokenises.
[[nodiscard]] document parse(const file& source);
/// Step 2: counts.
[[nodiscard]] file_counts count(document text);

}  // namespace word_index
