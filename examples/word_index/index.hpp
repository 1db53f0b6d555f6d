#pragma once

#include "steps.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace word_index {

/// Which words there are, how often, and in which files. The order in which files are added leaves no trace after
/// `normalise`: two indexes of the same files compare equal.
class index {
 public:
  struct entry {
    std::uint64_t total = 0;
    std::vector<std::uint32_t> files;  ///< numbers, each once
    bool operator==(const entry&) const = default;
  };
  struct frequency {
    std::string word;
    std::uint64_t total;
    std::size_t files;
  };

  index() = default;
  /// Begins with what could not even be listed.
  explicit index(std::vector<skipped> problems) : skipped_{std::move(problems)} {}

  void add(file_counts counts);
  void skip(skipped what) { skipped_.push_back(std::move(what)); }
  /// Sorts everything that was added.
  void normalise();

  /// The words with the highest totals, at most `how_many`; equals in alphabetical order.
  [[nodiscard]] std::vector<frequency> most_frequent(std::size_t how_many) const;
  /// The numbers of the files that hold a word.
  [[nodiscard]] std::vector<std::uint32_t> files_with(std::string_view word) const;
  [[nodiscard]] const std::vector<skipped>& skipped_files() const noexcept { return skipped_; }
  [[nodiscard]] std::size_t distinct_words() const noexcept { return words_.size(); }
  [[nodiscard]] std::uint64_t total_words() const noexcept { return total_; }
  [[nodiscard]] std::size_t files_read() const noexcept { return files_read_; }

  bool operator==(const index&) const = default;

 private:
  std::unordered_map<std::string, entry> words_;
  std::vector<skipped> skipped_;
  std::uint64_t total_ = 0;
  std::size_t files_read_ = 0;
};

/// The last step of the pipeline: adds one file.
void merge(index& all, file_counts&& one);

}  // namespace word_index
