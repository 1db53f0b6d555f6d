// What it costs to turn a small message into bytes and back: troupe's archives beside Boost's binary archive and, as
// the floor, copying a struct of the same content that needs no encoding. The contestants take turns in short rounds
// within one run, so that a busy machine slows all of them alike; median, smallest and largest round are reported.
//
//     wire [--json] [--rounds N]

#include "troupe/wire/message.hpp"

#include <algorithm>
#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <streambuf>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct message {
  std::int64_t id;
  double price;
  std::string text;
  std::vector<int> numbers;
};

// The same for Boost, which has to be told.
struct described : message {
  template <class Archive>
  void serialize(Archive& ar, const unsigned int) {
    ar & id & price & text & numbers;
  }
};

struct flat {
  std::int64_t id;
  double price;
  char text[16];
  int numbers[8];
};

template <class T>
T sample() {
  T value;
  value.id = 42;
  value.price = 2.5;
  value.text = "sixteen letters!";
  value.numbers = {1, 2, 3, 4, 5, 6, 7, 8};
  return value;
}

// Makes the compiler believe that memory was read and written here.
void touch(void* memory) { asm volatile("" : : "g"(memory) : "memory"); }

// Bytes in place, for Boost's archives: cheaper than a string stream.
class span_buffer : public std::streambuf {
 public:
  span_buffer(char* data, std::size_t size) {
    setp(data, data + size);
    setg(data, data, data + size);
  }
};

struct contestant {
  std::string_view name;
  std::function<void(int)> run;  // so many times
  std::vector<double> rounds;    // nanoseconds for one time
};

class arena {
 public:
  std::array<std::byte, 1024> bytes{};
  message value = sample<message>();
  message reused = sample<message>();
  described boost_value = sample<described>();
  described boost_reused = sample<described>();
  flat flat_value{42, 2.5, {}, {1, 2, 3, 4, 5, 6, 7, 8}};
  flat flat_reused{};

  void copy() {
    std::memcpy(bytes.data(), &flat_value, sizeof flat_value);
    touch(bytes.data());
    std::memcpy(&flat_reused, bytes.data(), sizeof flat_reused);
    touch(&flat_reused);
  }
  std::size_t encode() {
    touch(&value);
    const std::size_t size = troupe::wire::encode_into(bytes, value);
    touch(bytes.data());
    return size;
  }
  void decode_reused(std::size_t size) {
    troupe::wire::decode_into(std::span{bytes}.first(size), reused);
    touch(&reused);
  }
  void decode_fresh(std::size_t size) {
    auto fresh = troupe::wire::decode<message>(std::span{bytes}.first(size));
    touch(&fresh);
  }
  void copy_construct() {
    touch(&value);
    message fresh{value};
    touch(&fresh);
  }
  void boost_round(described& into) {
    span_buffer out{reinterpret_cast<char*>(bytes.data()), bytes.size()};
    {
      boost::archive::binary_oarchive ar{out, boost::archive::no_header | boost::archive::no_codecvt};
      ar << boost_value;
    }
    span_buffer in{reinterpret_cast<char*>(bytes.data()), bytes.size()};
    boost::archive::binary_iarchive ar{in, boost::archive::no_header | boost::archive::no_codecvt};
    ar >> into;
    touch(&into);
  }
};

template <class F>
std::function<void(int)> times(F f) {
  return [f](int count) {
    for (int i = 0; i < count; ++i) f();
  };
}

std::vector<contestant> contestants(arena& a) {
  const std::size_t size = a.encode();
  return {
      {"memcpy of an equal struct, there and back", times([&] { a.copy(); }), {}},
      {"copying the object (two allocations)", times([&] { a.copy_construct(); }), {}},
      {"troupe encode", times([&] { a.encode(); }), {}},
      {"troupe decode into a used object", times([&, size] { a.decode_reused(size); }), {}},
      {"troupe encode + decode into a used object", times([&] { a.decode_reused(a.encode()); }), {}},
      {"troupe decode into a new object (two allocations)", times([&, size] { a.decode_fresh(size); }), {}},
      {"troupe encode + decode into a new object", times([&] { a.decode_fresh(a.encode()); }), {}},
      {"Boost binary encode + decode into a used object", times([&] { a.boost_round(a.boost_reused); }), {}},
      {"Boost binary encode + decode into a new object",
       times([&] {
         described fresh;
         a.boost_round(fresh);
       }),
       {}},
  };
}

double one_round(const contestant& c, int count) {
  const auto start = std::chrono::steady_clock::now();
  c.run(count);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / count;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void print_table(const std::vector<contestant>& all) {
  const double floor = median(all.front().rounds);
  std::printf("%-52s %9s %9s %9s %9s\n", "nanoseconds for one message", "median", "min", "max", "x memcpy");
  for (const contestant& c : all) {
    const auto [min, max] = std::ranges::minmax(c.rounds);
    std::printf("%-52s %9.1f %9.1f %9.1f %9.1f\n", std::string{c.name}.c_str(), median(c.rounds), min, max,
                median(c.rounds) / floor);
  }
}

void print_json(const std::vector<contestant>& all) {
  std::printf("{\"benchmark\": \"wire\", \"unit\": \"ns\", \"results\": [");
  for (const char* separator = ""; const contestant& c : all) {
    const auto [min, max] = std::ranges::minmax(c.rounds);
    std::printf("%s\n  {\"name\": \"%s\", \"median\": %.2f, \"min\": %.2f, \"max\": %.2f, \"rounds\": %zu}", separator,
                std::string{c.name}.c_str(), median(c.rounds), min, max, c.rounds.size());
    separator = ",";
  }
  std::printf("\n]}\n");
}

}  // namespace

int main(int argc, char** argv) {
  bool json = false;
  int rounds = 101;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--json") {
      json = true;
    } else if (argument == "--rounds" && i + 1 < argc) {
      const std::string_view number = argv[++i];
      std::from_chars(number.data(), number.data() + number.size(), rounds);
    } else {
      std::fprintf(stderr, "usage: wire [--json] [--rounds N]\n");
      return 2;
    }
  }
  arena a;
  std::vector<contestant> all = contestants(a);
  constexpr int count = 2000;
  for (int round = -3; round < std::max(rounds, 1); ++round) {  // the first ones warm up
    for (contestant& c : all) {
      const double took = one_round(c, count);
      if (round >= 0) c.rounds.push_back(took);
    }
  }
  json ? print_json(all) : print_table(all);
  return 0;
}
