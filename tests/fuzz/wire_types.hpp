#pragma once

#include "troupe/any_value.hpp"
#include "troupe/wire/message.hpp"

#include <bitset>
#include <boost/serialization/base_object.hpp>
#include <boost/serialization/boost_unordered_map.hpp>
#include <boost/serialization/deque.hpp>
#include <boost/serialization/export.hpp>
#include <boost/serialization/optional.hpp>
#include <boost/serialization/stack.hpp>
#include <boost/serialization/variant.hpp>
#include <boost/serialization/version.hpp>
#include <chrono>
#include <complex>
#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

// The types that hostile bytes are decoded as: every kind of codec is behind one of them.
namespace fuzz {

enum class color : std::uint8_t { red, green };
struct point {
  std::int32_t x, y;
};
struct wide {
  std::optional<std::array<double, 64>> maybe;
};
struct nothing {};

struct everything {
  bool flag = false;
  double number = 0;
  color shade{};
  char name[8] = {};
  std::vector<point> points;
  std::vector<bool> bits;
  std::deque<std::string> deque;
  std::list<std::vector<std::byte>> list;
  std::forward_list<int> forward;
  std::set<std::string> set;
  std::map<std::string, std::vector<int>> map;
  std::unordered_map<std::string, std::set<int>> unordered;
  std::unordered_set<int> numbers;
  std::variant<std::monostate, int, std::string, std::vector<point>> variant;
  std::tuple<int, std::pair<char, bool>, std::optional<std::string>> tuple;
  std::bitset<13> bitset;
  std::complex<float> complex;
  std::chrono::milliseconds time{};
  std::vector<wide> wide_ones;
  std::vector<nothing> nothings;
};

struct tree {
  int value = 0;
  std::vector<tree> children;
  std::map<std::string, tree> named;
};

struct graph {
  int value = 0;
  std::shared_ptr<graph> next;
  std::vector<std::weak_ptr<graph>> known;
  std::unique_ptr<graph> part;
  std::vector<std::shared_ptr<const std::string>> texts;
};

// Raw pointers: whoever decodes these from hostile bytes leaks, and does nothing worse.
struct part {
  int value = 0;
  part* parent = nullptr;
  std::vector<std::unique_ptr<part>> parts;
  std::shared_ptr<part> shared;
  std::weak_ptr<part> weak;
};

struct figure {
  virtual ~figure() = default;
  std::string name;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & name;
  }
};
struct square : figure {
  double side = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int version) {
    ar& boost::serialization::base_object<figure>(*this);
    if (version > 0) ar & side;
  }
};
struct tagged {
  virtual ~tagged() = default;
  int tag = 0;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & tag;
  }
};
struct group : tagged, figure {
  std::vector<std::shared_ptr<figure>> members;
  std::weak_ptr<tagged> leader;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar& boost::serialization::base_object<tagged>(*this);
    ar& boost::serialization::base_object<figure>(*this);
    ar & members & leader;
  }
};
struct drawing {
  std::vector<std::unique_ptr<figure>> owned;
  std::vector<std::shared_ptr<tagged>> tags;
  std::weak_ptr<figure> chosen;
};

struct of_boost {
  boost::optional<std::string> optional;
  boost::variant<int, std::string> variant;
  boost::unordered_map<int, std::string> unordered;
  std::stack<int> stack;
  std::vector<double> counted;
  template <class Archive>
  void serialize(Archive& ar, const unsigned int version) {
    ar & optional & variant & unordered & stack;
    std::uint32_t count = static_cast<std::uint32_t>(counted.size());
    ar & count;
    if (count > 100) throw std::length_error{"too many"};
    counted.resize(count);
    ar& boost::serialization::make_nvp("counted", boost::serialization::make_array(counted.data(), count));
    if (version > 1) ar & count;
  }
};

using types = std::tuple<everything, troupe::any_value, tree, std::vector<std::shared_ptr<graph>>, drawing, of_boost,
                         std::vector<of_boost>, std::map<std::string, troupe::any_value>, part,
                         std::vector<std::vector<std::vector<std::string>>>>;

}  // namespace fuzz

BOOST_CLASS_VERSION(fuzz::square, 1)
BOOST_CLASS_VERSION(fuzz::of_boost, 2)
BOOST_CLASS_EXPORT(fuzz::figure)
BOOST_CLASS_EXPORT(fuzz::square)
BOOST_CLASS_EXPORT(fuzz::group)
