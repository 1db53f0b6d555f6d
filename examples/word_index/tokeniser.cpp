#include "tokeniser.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace word_index {
namespace {

constexpr std::size_t longest_word = 64;

constexpr bool is_ascii_letter(int byte) { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }

/// What the character that begins with this byte means: how many bytes of a word it is, or how many to pass over.
struct byte_class {
  bool letter;
  unsigned char length;
};

constexpr std::array<byte_class, 256> classes = [] {
  std::array<byte_class, 256> table{};
  for (int byte = 0; byte < 256; ++byte) {
    byte_class& entry = table[static_cast<std::size_t>(byte)];
    entry = {is_ascii_letter(byte) || byte >= 0x80, 1};
    if (byte == 0xC2) entry = {false, 2};  // U+0080 to U+00BF
    if (byte == 0xE2) entry = {false, 3};  // U+2000 to U+2FFF
  }
  return table;
}();

const byte_class& class_of(char byte) { return classes[static_cast<unsigned char>(byte)]; }

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool is_word(std::string_view run) {
  return run.size() <= longest_word
         && run.size() - static_cast<std::size_t>(std::ranges::count_if(run, is_continuation)) >= 2;
}

char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte; }

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  words.reserve(text.size() / 8);
  std::size_t at = 0;
  while (at < text.size()) {
    if (!class_of(text[at]).letter) {
      at += class_of(text[at]).length;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && class_of(text[at]).letter) ++at;
    const std::string_view run = text.substr(begin, at - begin);
    if (is_word(run)) std::ranges::transform(run, words.emplace_back(run).begin(), lower);
  }
  return words;
}

}  // namespace word_index
