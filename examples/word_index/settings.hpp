#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace word_index {

/// What the command line asks for.
struct settings {
  std::vector<std::string> roots{"/usr/share/doc", "/usr/share/common-licenses"};
  std::vector<std::string> words{"license"};
  std::size_t top = 10;
  std::size_t files = 10;  ///< paths shown per word
  unsigned workers = 1;
  bool verify = false;
  bool graph = false;
  bool progress = true;
  std::optional<std::chrono::milliseconds> chaos{};  ///< time from one kill to the next
};

/// Parses the command line; prints and ends the program for --help and for errors.
[[nodiscard]] settings read_settings(int argc, char** argv);

}  // namespace word_index
