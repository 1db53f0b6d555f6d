#include "troupe/wire/type_name.hpp"

#include <algorithm>
#include <span>
#include <vector>

namespace troupe::wire {

namespace {

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

// Not std::isalnum, which changes with the program's locale. Bytes above 127 are parts of letters.
bool in_word(char c) {
  return is_capital(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$'
         || static_cast<unsigned char>(c) >= 0x80;
}

// Words and single other characters; what compilers call an unnamed namespace is one token.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  while (!text.empty()) {
    std::size_t length = 1;
    for (const std::string_view unnamed : {"(anonymous namespace)", "{anonymous}", "<unnamed>"}) {
      if (text.starts_with(unnamed)) length = unnamed.size();
    }
    if (length > 1) {
      tokens.emplace_back("(anonymous)");
    } else if (in_word(text.front())) {
      length = static_cast<std::size_t>(std::ranges::find_if_not(text, in_word) - text.begin());
      tokens.emplace_back(text.substr(0, length));
    } else if (text.front() != ' ') {
      tokens.emplace_back(text.substr(0, 1));
    }
    text.remove_prefix(length);
  }
  return tokens;
}

bool names_an_integer(const std::string& word) {
  static constexpr std::string_view words[] = {"unsigned", "signed", "long", "short", "int", "char"};
  return std::ranges::find(words, word) != std::end(words);
}

// "long unsigned int", "unsigned long", ... -> "uint64"
std::string integer_name(std::span<const std::string> words) {
  const auto count = [&](std::string_view word) { return std::ranges::count(words, word); };
  const bool is_char = count("char") != 0;
  if (is_char && words.size() == 1) return "char";
  const int bits = is_char ? 8 : count("short") != 0 ? 16 : count("long") != 0 ? 64 : 32;
  return (count("unsigned") != 0 ? "uint" : "int") + std::to_string(bits);
}

// Scopes that are no part of the name: `std` itself, and namespaces with names reserved to library implementations.
bool is_left_out(const std::string& scope, bool is_outermost) {
  if (scope == "std") return is_outermost;
  return scope.size() > 1 && scope[0] == '_' && (scope[1] == '_' || is_capital(scope[1]));
}

std::string translated(const std::string& word) {
  if (word == "float") return "float32";
  if (word == "double") return "float64";
  if (word == "wchar_t") return "wchar";
  if (word == "char8_t") return "char8";
  if (word == "char16_t") return "char16";
  if (word == "char32_t") return "char32";
  return word;
}

}  // namespace

std::string unified_name(std::string_view compiler_spelling) {
  const std::vector<std::string> tokens = tokens_of(compiler_spelling);
  std::string name;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::string& token = tokens[i];
    const bool is_scope = i + 2 < tokens.size() && tokens[i + 1] == ":" && tokens[i + 2] == ":";
    if (is_scope && is_left_out(token, i == 0 || tokens[i - 1] != ":")) {
      i += 2;
      continue;
    }
    if (token == "struct" || token == "class" || token == "enum" || token == "union") continue;
    if (!names_an_integer(token)) {
      if (!name.empty() && in_word(name.back()) && in_word(token.front())) name += ' ';
      name += translated(token);
      continue;
    }
    std::size_t end = i;
    while (end < tokens.size() && names_an_integer(tokens[end])) ++end;
    name += integer_name(std::span{tokens}.subspan(i, end - i));
    i = end - 1;
  }
  return name;
}

std::string unified_template_name(std::string_view compiler_spelling) {
  // The arguments are the last balanced pair of angle brackets: earlier ones belong to enclosing classes.
  std::size_t depth = 0;
  for (std::size_t i = compiler_spelling.size(); i-- > 0;) {
    if (compiler_spelling[i] == '>') ++depth;
    if (compiler_spelling[i] == '<' && --depth == 0) return unified_name(compiler_spelling.substr(0, i));
  }
  return unified_name(compiler_spelling);
}

std::string join_arguments(std::string name, std::initializer_list<std::string> arguments) {
  char before = '<';
  for (const std::string& argument : arguments) {
    if (argument.empty()) continue;
    name += before;
    name += argument;
    before = ',';
  }
  if (before == ',') name += '>';
  return name;
}

}  // namespace troupe::wire
