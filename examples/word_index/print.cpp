#include "print.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <string>

namespace word_index {
namespace {

/// Two spaces and the first few of a list, then how many are not shown.
template <class Items, class Line>
void print_some(const Items& items, std::size_t most, Line line) {
  const std::size_t shown = std::min(most, items.size());
  for (std::size_t i = 0; i < shown; ++i) fmt::print("  {}\n", line(items[i]));
  if (shown < items.size()) fmt::print("  ... and {} more\n", items.size() - shown);
}

std::string count_of(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void print_frequencies(const index& all, std::size_t top) {
  fmt::print("\n{:>5}  {:<24}{:>10}{:>9}\n", "rank", "word", "times", "files");
  std::size_t rank = 0;
  for (const index::frequency& word : all.most_frequent(top))
    fmt::print("{:>5}  {:<24}{:>10}{:>9}\n", ++rank, word.word, word.total, word.files);
}

}  // namespace

void print_index(const index& all, const std::vector<file>& files, const settings& chosen) {
  fmt::print("{} read, {}, {} different ones\n", count_of(all.files_read(), "file"),
             count_of(all.total_words(), "word"), all.distinct_words());
  print_frequencies(all, chosen.top);
  for (const std::string& word : chosen.words) {
    const auto holders = all.files_with(word);
    fmt::print("\n\"{}\" is in {}\n", word, count_of(holders.size(), "file"));
    print_some(holders, chosen.files, [&](std::uint32_t number) { return files[number].path; });
  }
  fmt::print("\n{} skipped\n", all.skipped_files().size());
  print_some(all.skipped_files(), chosen.files, [](const skipped& one) { return one.path + ": " + one.reason; });
}

}  // namespace word_index
