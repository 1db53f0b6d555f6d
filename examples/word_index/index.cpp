#include "index.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <tuple>
#include <utility>

namespace word_index {

void index::add(file_counts counts) {
  ++files_read_;
  for (word_count& one : counts.counts) {
    entry& all = words_[std::move(one.word)];
    all.total += one.count;
    all.files.push_back(counts.source.number);
    total_ += one.count;
  }
}

void index::normalise() {
  std::ranges::sort(skipped_);
  for (auto& [word, all] : words_) std::ranges::sort(all.files);
}

std::vector<index::frequency> index::most_frequent(std::size_t how_many) const {
  std::vector<const decltype(words_)::value_type*> order;
  order.reserve(words_.size());
  for (const auto& word : words_) order.push_back(&word);
  const auto more_frequent = [](const auto* a, const auto* b) {
    return std::tie(b->second.total, a->first) < std::tie(a->second.total, b->first);
  };
  const std::size_t shown = std::min(how_many, order.size());
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(shown), more_frequent);

  std::vector<frequency> result;
  for (const auto* word : std::span{order}.first(shown))
    result.push_back({word->first, word->second.total, word->second.files.size()});
  return result;
}

std::vector<std::uint32_t> index::files_with(std::string_view word) const {
  const auto found = words_.find(std::string{word});
  return found == words_.end() ? std::vector<std::uint32_t>{} : found->second.files;
}

void merge(index& all, file_counts&& one) {
  if (one.problem.empty())
    all.add(std::move(one));
  else
    all.skip({std::move(one.source.path), std::move(one.problem)});
}

}  // namespace word_index
