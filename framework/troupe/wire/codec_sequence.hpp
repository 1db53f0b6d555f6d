#pragma once

#include "troupe/wire/elements.hpp"
#include "troupe/wire/type_identity.hpp"

#include <array>
#include <cstddef>
#include <deque>
#include <forward_list>
#include <list>
#include <string>
#include <valarray>
#include <vector>

/// Sequences of the standard library: a count, then the elements; arrays without a count.
namespace troupe::wire {

template <class T>
concept sequence_element = std::is_default_constructible_v<T>;

/// What all counted sequences share.
template <class Sequence>
struct sequence_codec {
  using element = typename Sequence::value_type;

  static void save(save_archive& ar, const Sequence& value) {
    const save_archive::nested level{ar};
    ar.save_count(static_cast<std::size_t>(std::distance(value.begin(), value.end())));
    for (const element& e : value) save_element(ar, e);
  }
  static void load(load_archive& ar, Sequence& value) {
    const load_archive::nested level{ar, &type_name<Sequence>};
    const std::size_t count = ar.load_count(codec<element>::min_size(), &type_name<Sequence>);
    if constexpr (requires { value.reserve(count); }) value.reserve(ar.prudent(count, sizeof(element)));
    if constexpr (sequence_element<element>) {
      value.resize(std::min(value.size(), count));  // what is there already is loaded into, keeping its capacity
      for (element& e : value) load_one(ar, e);
      while (value.size() < count) load_one(ar, value.emplace_back());
    } else {
      value.clear();
      for (std::size_t i = 0; i < count; ++i)
        load_element<element>(ar, [&](element&& e) { value.push_back(std::move(e)); });
    }
  }
  static consteval std::size_t min_size() { return 4; }
  static consteval bool packed() { return false; }
  static void describe(shape& s) { s.add<element>(); }

 private:
  static void load_one(load_archive& ar, element& e) {
    [[maybe_unused]] const std::size_t before = ar.offset();
    ar >> e;
    if constexpr (codec<element>::min_size() == 0) ar.count_element(before, &type_name<Sequence>);
  }
};

// What may be read where it lies in the message, whatever is stored there.
template <class T>
concept may_alias = std::same_as<T, char> || std::same_as<T, unsigned char> || std::same_as<T, std::byte>;

/// Contiguous sequences whose elements are written as one block.
template <class Sequence>
struct block_codec : sequence_codec<Sequence> {
  using element = typename Sequence::value_type;

  static void save(save_archive& ar, const Sequence& value) {
    ar.save_count(value.size());
    if (value.size() != 0) ar.save_binary(&value[0], value.size() * sizeof(element));
  }
  static void load(load_archive& ar, Sequence& value) {
    const std::size_t count = ar.load_count(sizeof(element), &type_name<Sequence>);
    const std::byte* from = ar.take(count * sizeof(element), &type_name<Sequence>);
    if constexpr (may_alias<element>) {
      const auto* first = reinterpret_cast<const element*>(from);
      value.assign(first, first + count);
    } else {
      value.resize(count);
      if (count != 0) std::memcpy(static_cast<void*>(&value[0]), from, count * sizeof(element));
    }
  }
};

template <class Sequence>
using contiguous_codec =
    std::conditional_t<codec<typename Sequence::value_type>::packed(), block_codec<Sequence>, sequence_codec<Sequence>>;

template <class C, class Traits, class Alloc>
struct codec<std::basic_string<C, Traits, Alloc>> : block_codec<std::basic_string<C, Traits, Alloc>> {};

template <class T, class Alloc>
struct codec<std::vector<T, Alloc>> : contiguous_codec<std::vector<T, Alloc>> {};

template <class T>
struct codec<std::valarray<T>> {
  static void save(save_archive& ar, const std::valarray<T>& value) {
    ar.save_count(value.size());
    if (value.size() != 0) save_elements(ar, &value[0], value.size());
  }
  static void load(load_archive& ar, std::valarray<T>& value) {
    const std::size_t count = ar.load_count(codec<T>::min_size(), &type_name<std::valarray<T>>);
    value.resize(count);
    if (count != 0) load_elements(ar, &value[0], count);
  }
  static consteval std::size_t min_size() { return 4; }
  static consteval bool packed() { return false; }
  static void describe(shape& s) { s.add<T>(); }
};

template <class T, class Alloc>
struct codec<std::deque<T, Alloc>> : sequence_codec<std::deque<T, Alloc>> {};

template <class T, class Alloc>
struct codec<std::list<T, Alloc>> : sequence_codec<std::list<T, Alloc>> {};

template <class T, class Alloc>
struct codec<std::forward_list<T, Alloc>> : sequence_codec<std::forward_list<T, Alloc>> {
  static void load(load_archive& ar, std::forward_list<T, Alloc>& value) {
    const load_archive::nested level{ar, &type_name<std::forward_list<T, Alloc>>};
    const std::size_t count = ar.load_count(codec<T>::min_size(), &type_name<std::forward_list<T, Alloc>>);
    value.clear();
    auto last = value.before_begin();
    for (std::size_t i = 0; i < count; ++i)
      load_element<T>(ar, [&](T&& e) { last = value.insert_after(last, std::move(e)); });
  }
};

/// One byte for each element, as for any other sequence of `bool`.
template <class Alloc>
struct codec<std::vector<bool, Alloc>> : sequence_codec<std::vector<bool, Alloc>> {
  static void save(save_archive& ar, const std::vector<bool, Alloc>& value) {
    ar.save_count(value.size());
    for (const bool b : value) ar << b;
  }
  static void load(load_archive& ar, std::vector<bool, Alloc>& value) {
    const std::size_t count = ar.load_count(1, &type_name<std::vector<bool, Alloc>>);
    value.resize(count);
    for (auto&& b : value) {
      bool loaded{};
      ar >> loaded;
      b = loaded;
    }
  }
};

template <class T, std::size_t N>
struct codec<std::array<T, N>> {
  static void save(save_archive& ar, const std::array<T, N>& value) { save_elements(ar, value.data(), N); }
  static void load(load_archive& ar, std::array<T, N>& value) { load_elements(ar, value.data(), N); }
  static consteval std::size_t min_size() { return N * codec<T>::min_size(); }
  static consteval bool packed() { return N != 0 && codec<T>::packed() && sizeof(std::array<T, N>) == N * sizeof(T); }
  static void describe(shape& s) { s.add<T>(); }
};

}  // namespace troupe::wire
