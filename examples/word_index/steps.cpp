#include "steps.hpp"

#include "text_file.hpp"
#include "tokeniser.hpp"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace word_index {

document parse(const file& source) {
  text_file content = read_text(source.path);
  return {source, std::move(content.problem), words_of(content.text)};
}

file_counts count(document text) {
  std::unordered_map<std::string_view, std::uint32_t> table;
  for (const std::string& word : text.words) ++table[word];
  file_counts result{std::move(text.source), std::move(text.problem), {}};
  result.counts.reserve(table.size());
  for (const auto& [word, times] : table) result.counts.push_back({std::string{word}, times});
  return result;
}

}  // namespace word_index
