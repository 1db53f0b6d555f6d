#pragma once

#include <string>

namespace word_index {

/// The content of a file, or why it has none.
struct text_file {
  std::string text;
  std::string problem;  ///< not empty: the file cannot be read, is damaged, or is no text
};

/// Reads a file, plain or gzip. Throws nothing but for lack of memory: what goes wrong with the file is its `problem`.
[[nodiscard]] text_file read_text(const std::string& path);

/// Whether these bytes are text: no NUL, and nearly all of them valid UTF-8 (old Latin-1 texts with a few accents
/// pass).
[[nodiscard]] bool is_text(const std::string& bytes);

}  // namespace word_index
