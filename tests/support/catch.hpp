#pragma once

// The one place that knows which Catch2 there is. `contains(text)` is the matcher whose name differs between the two.
#if __has_include(<catch2/catch_all.hpp>)
  #include <catch2/catch_all.hpp>  // v3
namespace troupe::test {
inline auto contains(const std::string& text) { return Catch::Matchers::ContainsSubstring(text); }
}  // namespace troupe::test
#else
  #include <catch2/catch.hpp>  // v2
namespace troupe::test {
inline auto contains(const std::string& text) { return Catch::Matchers::Contains(text); }
}  // namespace troupe::test
#endif
