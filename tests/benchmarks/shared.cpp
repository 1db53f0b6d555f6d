// What it costs to use shared data: a value beside a plain variable, std::atomic and std::mutex, and an array beside
// plain memory; without anybody else at it. The contestants take turns in short rounds within one run, so that a busy
// machine slows all of them alike; median, smallest and largest round are reported.
//
//     bench_shared [--rounds N]

#include "troupe/array.hpp"
#include "troupe/shareable_list.hpp"
#include "troupe/value.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <mutex>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t elements = 4096;

// Makes the compiler believe that memory was read and written here.
void touch(void* memory) { asm volatile("" : : "g"(memory) : "memory"); }

struct contestant {
  std::string_view group;
  std::string_view name;
  std::function<void(int)> run;  // so many times
  double per;                    // operations in each time
  std::vector<double> rounds;    // nanoseconds for one operation
};

template <class F>
std::function<void(int)> times(F f) {
  return [f](int count) mutable {
    for (int i = 0; i < count; ++i) f();
  };
}

long sum(std::span<const int> numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0L); }
void write(std::span<int> numbers) {
  for (int& n : numbers) ++n;
}

struct point {
  double x, y, z;
};

/// Everything that is measured.
class arena {
 public:
  std::vector<contestant> contestants() {
    std::vector<contestant> all;
    const auto add = [&](std::string_view group, std::string_view name, auto f, double per = 1) {
      all.push_back({group, name, times(f), per, {}});
    };
    const auto keep = [](auto found) { touch(&found); };
    add("load", "variable", [this, keep] { touch(&plain_), keep(plain_); });
    add("load", "std::atomic", [this, keep] { keep(atomic_.load()); });
    add("load", "value<long>", [this, keep] { keep(value_.load()); });
    add("load", "value<struct of 24 bytes>", [this, keep] { keep(large_.load()); });
    add("store", "variable", [this] { plain_ = 1, touch(&plain_); });
    add("store", "std::atomic", [this] { atomic_.store(1); });
    add("store", "value<long>", [this] { value_.store(1); });
    add("store", "value<struct of 24 bytes>", [this] { large_.store({1, 2, 3}); });
    add("add", "variable", [this] { ++plain_, touch(&plain_); });
    add("add", "std::atomic", [this] { atomic_.fetch_add(1); });
    add("add", "value<long>", [this] { value_.fetch_add(1); });
    add("add under a lock", "std::mutex", [this] {
      const std::scoped_lock guard{mutex_};
      ++plain_, touch(&plain_);
    });
    add("add under a lock", "value<long>", [this] {
      const std::scoped_lock guard{value_};
      ++value_.get();
    });
    add("sum of an array, each element", "vector", [this, keep] { keep(sum(vector_)); }, elements);
    add("sum of an array, each element", "array", [this, keep] { keep(sum(array_.span())); }, elements);
    add(
        "sum of an array, each element", "array, by a[i]",
        [this, keep] {
          long found = 0;
          for (std::size_t i = 0; i < elements; ++i) found += array_[i];
          keep(found);
        },
        elements);
    add("change of an array, each element", "vector", [this] { write(vector_), touch(vector_.data()); }, elements);
    add("change of an array, each element", "array", [this] { write(array_.span()), touch(array_.begin()); }, elements);
    add("item of a list", "read a number", [this, keep] { keep(list_[0].as_integer()); });
    add("item of a list", "set a number", [this] { list_.set(0, 2); });
    add("item of a list", "set a string of 40 bytes", [this] { list_.set(1, text_); });
    return all;
  }

 private:
  long plain_ = 0;
  std::atomic<long> atomic_{0};
  std::mutex mutex_;
  troupe::value<long> value_;
  troupe::value<point> large_;
  std::vector<int> vector_ = std::vector<int>(elements, 1);
  troupe::array<int> array_{troupe::array<int>(elements)};
  troupe::shareable_list list_{1, std::string(40, 's')};
  troupe::any_value text_ = std::string(40, 't');
};

double one_round(contestant& c, int count) {
  const auto start = std::chrono::steady_clock::now();
  c.run(count);
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / count / c.per;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

/// Each beside the first of its group.
void print_table(const std::vector<contestant>& all) {
  std::printf("%-34s %-28s %9s %9s %9s %9s\n", "nanoseconds", "", "median", "min", "max", "x first");
  double first = 1;
  for (std::string_view group; const contestant& c : all) {
    if (c.group != group) first = median(c.rounds);
    const auto [min, max] = std::ranges::minmax(c.rounds);
    std::printf("%-34s %-28s %9.2f %9.2f %9.2f %9.2f\n", c.group != group ? std::string{c.group}.c_str() : "",
                std::string{c.name}.c_str(), median(c.rounds), min, max, median(c.rounds) / first);
    group = c.group;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures shared data beside plain memory."};
  int rounds = 101;
  app.add_option("--rounds", rounds, "How often each is measured")->check(CLI::Range(1, 10'000))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  arena a;
  auto all = a.contestants();
  for (int round = -3; round < rounds; ++round) {  // the first ones warm up
    for (contestant& c : all) {
      const double took = one_round(c, c.per > 1 ? 20 : 2000);
      if (round >= 0) c.rounds.push_back(took);
    }
  }
  print_table(all);
  return 0;
}
