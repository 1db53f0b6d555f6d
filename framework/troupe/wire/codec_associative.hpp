#pragma once

#include "troupe/wire/elements.hpp"
#include "troupe/wire/type_identity.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

/// Sets and maps of the standard library: a count, then the keys, each followed by its value if there is one.
/// The same key twice, where keys are unique, is malformed.
namespace troupe::wire {

template <class Container>
struct set_codec {
  using key = typename Container::key_type;

  static void save(save_archive& ar, const Container& value) {
    const save_archive::nested level{ar};
    ar.save_count(value.size());
    for (const key& k : value) save_element(ar, k);
  }
  static void load(load_archive& ar, Container& value) {
    const load_archive::nested level{ar, &type_name<Container>};
    const std::size_t count = ar.load_count(codec<key>::min_size(), &type_name<Container>);
    value.clear();
    if constexpr (requires { value.reserve(count); }) value.reserve(ar.prudent(count, sizeof(void*)));
    for (std::size_t i = 0; i < count; ++i)
      load_element<key>(ar, [&](key&& k) { value.emplace_hint(value.end(), std::move(k)); });
    if (value.size() != count) ar.fail(&type_name<Container>, "holds a key twice");
  }
  static consteval std::size_t min_size() { return 4; }
  static consteval bool packed() { return false; }
  static void describe(shape& s) { s.add<key>(); }
};

template <class Container>
struct map_codec {
  using key = typename Container::key_type;
  using mapped = typename Container::mapped_type;

  static void save(save_archive& ar, const Container& value) {
    const save_archive::nested level{ar};
    ar.save_count(value.size());
    for (const auto& [k, v] : value) {
      save_element(ar, k);
      save_element(ar, v);
    }
  }
  static void load(load_archive& ar, Container& value) {
    const load_archive::nested level{ar, &type_name<Container>};
    const std::size_t count = ar.load_count(codec<key>::min_size() + codec<mapped>::min_size(), &type_name<Container>);
    value.clear();
    if constexpr (requires { value.reserve(count); }) value.reserve(ar.prudent(count, sizeof(void*)));
    for (std::size_t i = 0; i < count; ++i) {
      load_element<key>(ar, [&](key&& k) {
        load_element<mapped>(ar, [&](mapped&& v) { value.emplace_hint(value.end(), std::move(k), std::move(v)); });
      });
    }
    if (value.size() != count) ar.fail(&type_name<Container>, "holds a key twice");
  }
  static consteval std::size_t min_size() { return 4; }
  static consteval bool packed() { return false; }
  static void describe(shape& s) {
    s.add<key>();
    s.add<mapped>();
  }
};

template <class... Args>
struct codec<std::set<Args...>> : set_codec<std::set<Args...>> {};
template <class... Args>
struct codec<std::multiset<Args...>> : set_codec<std::multiset<Args...>> {};
template <class... Args>
struct codec<std::unordered_set<Args...>> : set_codec<std::unordered_set<Args...>> {};
template <class... Args>
struct codec<std::unordered_multiset<Args...>> : set_codec<std::unordered_multiset<Args...>> {};
template <class... Args>
struct codec<std::map<Args...>> : map_codec<std::map<Args...>> {};
template <class... Args>
struct codec<std::multimap<Args...>> : map_codec<std::multimap<Args...>> {};
template <class... Args>
struct codec<std::unordered_map<Args...>> : map_codec<std::unordered_map<Args...>> {};
template <class... Args>
struct codec<std::unordered_multimap<Args...>> : map_codec<std::unordered_multimap<Args...>> {};

}  // namespace troupe::wire
