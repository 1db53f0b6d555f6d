#pragma once

#include "troupe/wire/codec.hpp"

#include <array>
#include <bitset>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

/// Names of types that do not depend on the compiler, the standard library or the machine. Numbers are named by their
/// width, standard templates without `std::` and default arguments, all others fully qualified.
///
/// Two limits. Types in anonymous namespaces are spelled alike in all of them: give messages a named home. The
/// spelling of a type local to a function depends on the compiler: good within one program, not between two builds.
namespace troupe::wire {

/// What the compiler calls `T`, in its own spelling.
template <class T>
[[nodiscard]] constexpr std::string_view compiler_name() noexcept {
  constexpr std::string_view text = __PRETTY_FUNCTION__;
  constexpr std::string_view mark = "T = ";
  constexpr std::size_t first = text.find(mark) + mark.size();
#if defined(__clang__)
  constexpr std::size_t last = text.rfind(']');
#else
  constexpr std::size_t last = text.find("; std::string_view", first);
#endif
  return text.substr(first, last - first);
}

/// One spelling out of the many: inline namespaces, spaces, keywords and the order of `unsigned long` unified.
[[nodiscard]] std::string unified_name(std::string_view compiler_spelling);
/// `unified_name` of a template's instance without its arguments.
[[nodiscard]] std::string unified_template_name(std::string_view compiler_spelling);
/// "name<a,b>"; empty arguments (defaults) are left out, and "<>" as well.
[[nodiscard]] std::string join_arguments(std::string name, std::initializer_list<std::string> arguments);

template <class T>
struct type_namer {
  static std::string name() {
    if constexpr (std::is_same_v<T, bool>)
      return "bool";
    else if constexpr (std::is_same_v<T, char>)
      return "char";
    else if constexpr (std::is_same_v<T, wchar_t>)
      return "wchar";
    else if constexpr (std::is_same_v<T, char8_t>)
      return "char8";
    else if constexpr (std::is_same_v<T, char16_t>)
      return "char16";
    else if constexpr (std::is_same_v<T, char32_t>)
      return "char32";
    else if constexpr (std::is_floating_point_v<T>)
      return "float" + std::to_string(8 * sizeof(T));
    else if constexpr (std::is_integral_v<T>)
      return (std::is_signed_v<T> ? "int" : "uint") + std::to_string(8 * sizeof(T));
    else
      return unified_name(compiler_name<T>());
  }
};

// Arguments that a reader of the name does not miss.
template <class T>
inline constexpr bool default_argument = false;
template <class T>
inline constexpr bool default_argument<std::allocator<T>> = true;
template <class T>
inline constexpr bool default_argument<std::char_traits<T>> = true;
template <class T>
inline constexpr bool default_argument<std::less<T>> = true;
template <class T>
inline constexpr bool default_argument<std::hash<T>> = true;
template <class T>
inline constexpr bool default_argument<std::equal_to<T>> = true;
template <class T>
inline constexpr bool default_argument<std::default_delete<T>> = true;

template <template <class...> class Template, class... Args>
struct type_namer<Template<Args...>> {
  static std::string name() {
    return join_arguments(unified_template_name(compiler_name<Template<Args...>>()),
                          {(default_argument<Args> ? std::string{} : type_name<Args>())...});
  }
};

template <class C, class Traits, class Alloc>
struct type_namer<std::basic_string<C, Traits, Alloc>> {
  static std::string name() {
    return std::is_same_v<C, char> ? "string" : join_arguments("basic_string", {type_name<C>()});
  }
};
template <class T, std::size_t N>
struct type_namer<std::array<T, N>> {
  static std::string name() { return join_arguments("array", {type_name<T>(), std::to_string(N)}); }
};
template <class T, std::size_t N>
struct type_namer<T[N]> {
  static std::string name() { return type_name<T>() + "[" + std::to_string(N) + "]"; }
};
template <class Rep, class Period>
struct type_namer<std::chrono::duration<Rep, Period>> {
  static std::string name() {
    return join_arguments("duration",
                          {type_name<Rep>(), std::to_string(Period::num) + "/" + std::to_string(Period::den)});
  }
};
template <std::size_t N>
struct type_namer<std::bitset<N>> {
  static std::string name() { return join_arguments("bitset", {std::to_string(N)}); }
};
template <class T>
struct type_namer<T*> {
  static std::string name() { return type_name<T>() + "*"; }
};

template <class T>
std::string type_name() {
  return type_namer<std::remove_cv_t<T>>::name();
}

}  // namespace troupe::wire
