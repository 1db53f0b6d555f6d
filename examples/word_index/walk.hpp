#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace word_index {

/// One file to be read. Its number is its place in the list, which is sorted by path.
struct file {
  std::uint32_t number = 0;
  std::string path;
};

/// Something that was left out, and why.
struct skipped {
  std::string path;
  std::string reason;

  auto operator<=>(const skipped&) const = default;
};

struct walk_result {
  std::vector<file> files;
  std::vector<skipped> problems;  ///< folders that could not be listed, roots that are not there
};

/// All regular files below the roots (a root may be a file), each once, sorted by path. Symbolic links below a root are
/// not followed: what they lead to is listed where it is. Throws nothing but for lack of memory.
[[nodiscard]] walk_result walk(const std::vector<std::string>& roots);

}  // namespace word_index
