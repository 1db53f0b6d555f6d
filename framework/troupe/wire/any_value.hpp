#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace troupe {

namespace wire {
class save_archive;
class load_archive;
}  // namespace wire

/// The absence of a value, as `none`.
struct none_type {
  friend constexpr bool operator==(none_type, none_type) noexcept { return true; }
  friend constexpr std::strong_ordering operator<=>(none_type, none_type) noexcept {
    return std::strong_ordering::equal;
  }
};
inline constexpr none_type none{};

/// A value whose type is known at run time only, for data that has no fixed shape:
///
///     any_value v = any_value::list{42, none, "hello"};
///     std::cout << v;                          // [42, none, 'hello']
///     v.as_list()[0].as_integer();             // 42; another accessor throws errc::type_mismatch
///
/// Values of different kinds are never equal: 1 is not 1.0. A value, as thread-safe as an `int`. It can be sent like
/// any other type; lists and dicts in each other are followed 200 deep.
class any_value {
 public:
  enum class kind : std::uint8_t { nothing, boolean, integer, floating, string, bytes, list, dict };

  /// A total order (by kind first; -0.0 before 0.0, NaN has its place), so that every value can be a key.
  struct key_order {
    bool operator()(const any_value& a, const any_value& b) const noexcept;
  };
  using bytes = std::vector<std::byte>;
  using list = std::vector<any_value>;
  using dict = std::map<any_value, any_value, key_order>;

  any_value() noexcept = default;
  any_value(none_type) noexcept {}
  any_value(std::same_as<bool> auto value) noexcept : value_{value} {}
  /// Any integer type but characters. Throws `errc::invalid_argument` for what `std::int64_t` cannot hold.
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t>
             && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>)
  any_value(T value) : value_{static_cast<std::int64_t>(value)} {
    if (!std::in_range<std::int64_t>(value)) throw_too_large(static_cast<std::uint64_t>(value));
  }
  template <std::floating_point T>
  any_value(T value) noexcept : value_{static_cast<double>(value)} {}
  any_value(std::string value) noexcept : value_{std::move(value)} {}
  any_value(std::string_view value) : value_{std::string{value}} {}
  any_value(const char* value) : value_{std::string{value}} {}
  any_value(bytes value) noexcept : value_{std::move(value)} {}
  any_value(list value) noexcept : value_{std::move(value)} {}
  any_value(dict value) noexcept : value_{std::move(value)} {}

  [[nodiscard]] kind type() const noexcept { return static_cast<kind>(value_.index()); }
  [[nodiscard]] bool is_none() const noexcept { return type() == kind::nothing; }

  // Each throws `errc::type_mismatch`, naming both kinds, if the value is of another kind.
  [[nodiscard]] bool as_bool() const { return get<bool>(); }
  [[nodiscard]] std::int64_t as_integer() const { return get<std::int64_t>(); }
  [[nodiscard]] double as_float() const { return get<double>(); }
  [[nodiscard]] const std::string& as_string() const { return get<std::string>(); }
  [[nodiscard]] std::string& as_string() { return get<std::string>(); }
  [[nodiscard]] const bytes& as_bytes() const { return get<bytes>(); }
  [[nodiscard]] bytes& as_bytes() { return get<bytes>(); }
  [[nodiscard]] const list& as_list() const { return get<list>(); }
  [[nodiscard]] list& as_list() { return get<list>(); }
  [[nodiscard]] const dict& as_dict() const { return get<dict>(); }
  [[nodiscard]] dict& as_dict() { return get<dict>(); }

  friend bool operator==(const any_value& a, const any_value& b) noexcept { return a.value_ == b.value_; }
  /// By kind first; unordered where NaN is met.
  friend std::partial_ordering operator<=>(const any_value& a, const any_value& b) noexcept;

  void serialize(wire::save_archive& ar, unsigned int version);
  void serialize(wire::load_archive& ar, unsigned int version);

 private:
  // In the order of `kind`; `none_type` comes first, so that a new value is none.
  using storage = std::variant<none_type, bool, std::int64_t, double, std::string, bytes, list, dict>;

  template <class T>
  [[nodiscard]] const T& get() const {
    if (const T* value = std::get_if<T>(&value_)) return *value;
    throw_mismatch(static_cast<kind>(storage{T{}}.index()));
  }
  template <class T>
  [[nodiscard]] T& get() {
    return const_cast<T&>(std::as_const(*this).template get<T>());
  }
  [[noreturn]] void throw_mismatch(kind wanted) const;
  [[noreturn]] static void throw_too_large(std::uint64_t value);

  storage value_;
};

/// The value as text: `none`, `true`, `42`, `2.5`, `'text'`, `b'\x00'`, `[1, 2]`, `{'key': 1}`.
[[nodiscard]] std::string to_string(const any_value& value);
std::ostream& operator<<(std::ostream& out, const any_value& value);

/// "an integer", "a list", ...
[[nodiscard]] std::string_view to_string(any_value::kind kind) noexcept;

}  // namespace troupe
