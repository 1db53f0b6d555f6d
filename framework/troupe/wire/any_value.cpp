#include "troupe/wire/any_value.hpp"

#include "troupe/base/error.hpp"
#include "troupe/wire/archive.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ostream>

namespace troupe {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_escaped(std::string& out, char c, bool also_high) {
  const auto code = static_cast<unsigned char>(c);
  if (c == '\\' || c == '\'')
    (out += '\\') += c;
  else if (c == '\n')
    out += "\\n";
  else if (c == '\r')
    out += "\\r";
  else if (c == '\t')
    out += "\\t";
  else if (code < 0x20 || code == 0x7f || (also_high && code >= 0x80))
    ((out += "\\x") += hex_digits[code / 16]) += hex_digits[code % 16];
  else
    out += c;
}

// Appends the text of a value; one overload for each kind.
struct printer {
  std::string& out;

  void operator()(none_type) const { out += "none"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { out += std::to_string(value); }
  void operator()(double value) const {
    std::array<char, 32> text{};
    const char* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    const std::string_view number{text.data(), end};
    out += number;
    if (std::isfinite(value) && number.find_first_of(".e") == number.npos) out += ".0";
  }
  void operator()(const std::string& value) const {
    out += '\'';
    for (const char c : value) append_escaped(out, c, false);
    out += '\'';
  }
  void operator()(const any_value::bytes& value) const {
    out += "b'";
    for (const std::byte b : value) append_escaped(out, static_cast<char>(b), true);
    out += '\'';
  }
  void operator()(const any_value::list& value) const {
    out += '[';
    for (const any_value& element : value) {
      if (&element != &value.front()) out += ", ";
      print(element);
    }
    out += ']';
  }
  void operator()(const any_value::dict& value) const {
    out += '{';
    for (bool first = true; const auto& [key, mapped] : value) {
      if (!std::exchange(first, false)) out += ", ";
      print(key);
      out += ": ";
      print(mapped);
    }
    out += '}';
  }
  void print(const any_value& value) const;
};

template <class F>
decltype(auto) visit(const any_value& value, F&& f) {
  switch (value.type()) {
  case any_value::kind::nothing: break;
  case any_value::kind::boolean: return f(value.as_bool());
  case any_value::kind::integer: return f(value.as_integer());
  case any_value::kind::floating: return f(value.as_float());
  case any_value::kind::string: return f(value.as_string());
  case any_value::kind::bytes: return f(value.as_bytes());
  case any_value::kind::list: return f(value.as_list());
  case any_value::kind::dict: return f(value.as_dict());
  }
  return f(none);
}

void printer::print(const any_value& value) const { visit(value, *this); }

// Three-way comparison of two values of one kind under a rule for doubles.
template <class Doubles>
struct comparison {
  using result = decltype(Doubles{}(0.0, 0.0));

  static result compare(const any_value& a, const any_value& b) noexcept {
    if (const auto order = a.type() <=> b.type(); order != 0) return order;
    return visit(a, [&]<class T>(const T& left) -> result {
      if constexpr (std::is_same_v<T, none_type>)
        return result::equivalent;
      else if constexpr (std::is_same_v<T, bool>)
        return left <=> b.as_bool();
      else if constexpr (std::is_same_v<T, std::int64_t>)
        return left <=> b.as_integer();
      else if constexpr (std::is_same_v<T, double>)
        return Doubles{}(left, b.as_float());
      else if constexpr (std::is_same_v<T, std::string>)
        return left <=> b.as_string();
      else if constexpr (std::is_same_v<T, any_value::bytes>)
        return left <=> b.as_bytes();
      else if constexpr (std::is_same_v<T, any_value::list>)
        return ranges(left, b.as_list(), &compare);
      else
        return ranges(left, b.as_dict(), &entries);
    });
  }

 private:
  static result entries(const any_value::dict::value_type& a, const any_value::dict::value_type& b) noexcept {
    const result keys = compare(a.first, b.first);
    return keys != 0 ? keys : compare(a.second, b.second);
  }
  template <class Range, class Compare>
  static result ranges(const Range& a, const Range& b, Compare by) noexcept {
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), by);
  }
};

struct natural {
  std::partial_ordering operator()(double a, double b) const noexcept { return a <=> b; }
};
struct total {
  std::strong_ordering operator()(double a, double b) const noexcept { return std::strong_order(a, b); }
};

}  // namespace

bool any_value::key_order::operator()(const any_value& a, const any_value& b) const noexcept {
  return comparison<total>::compare(a, b) < 0;
}

std::partial_ordering operator<=>(const any_value& a, const any_value& b) noexcept {
  return comparison<natural>::compare(a, b);
}

void any_value::serialize(wire::save_archive& ar, unsigned int) { ar << value_; }
void any_value::serialize(wire::load_archive& ar, unsigned int) { ar >> value_; }

void any_value::throw_mismatch(kind wanted) const {
  throw error{errc::type_mismatch, "the value " + troupe::to_string(*this) + " is " + std::string{to_string(type())}
                                       + ", not " + std::string{to_string(wanted)}};
}

void any_value::throw_too_large(std::uint64_t value) {
  throw error{errc::invalid_argument,
              "the integer " + std::to_string(value) + " is too large for an any_value (64 bits, signed)"};
}

std::string to_string(const any_value& value) {
  std::string text;
  printer{text}.print(value);
  return text;
}

std::ostream& operator<<(std::ostream& out, const any_value& value) { return out << to_string(value); }

std::string_view to_string(any_value::kind kind) noexcept {
  switch (kind) {
  case any_value::kind::nothing: return "none";
  case any_value::kind::boolean: return "a boolean";
  case any_value::kind::integer: return "an integer";
  case any_value::kind::floating: return "a float";
  case any_value::kind::string: return "a string";
  case any_value::kind::bytes: return "bytes";
  case any_value::kind::list: return "a list";
  case any_value::kind::dict: return "a dict";
  }
  return "a value of unknown kind";
}

}  // namespace troupe
