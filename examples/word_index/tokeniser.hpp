#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace word_index {

/// The words of a text in their order: runs of ASCII letters, lower-cased, and of UTF-8 characters beyond ASCII except
/// punctuation and symbols (U+0080 to U+00BF, U+2000 to U+2FFF). Single letters are no words, nor is a run of more than
/// 64 bytes.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

}  // namespace word_index
