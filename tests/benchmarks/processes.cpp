// What it costs to start a process that does nothing, and to wait for its end: troupe's start methods beside the
// system's own calls and CPython's start methods; from a small parent, and from one that has touched 1 GiB of memory.
// The contestants take turns within one run, so that a busy machine slows all of them alike; median, smallest and
// largest round are reported. CPython is left out if there is no python3.
//
//     bench_processes [--json FILE] [--rounds N]

#include "troupe/actor/system.hpp"
#include "troupe/process.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace {

constexpr std::size_t ballast_bytes = std::size_t{1} << 30;
constexpr const char* nothing = "--do-nothing";

void wait_for(pid_t pid) {
  if (pid < 0 || ::waitpid(pid, nullptr, 0) != pid) throw std::runtime_error{"a process could not be started"};
}

void by_troupe(troupe::start_method method) {
  troupe::process p{troupe::process_options{.method = method}, [] {}};
  p.start();
  p.join();
}

void by_fork() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  wait_for(pid);
}

void by_vfork() {
  const pid_t pid = ::vfork();
  if (pid == 0) ::_exit(0);
  wait_for(pid);
}

void by_posix_spawn() {
  std::string program = "/proc/self/exe";
  std::string argument = nothing;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t pid = -1;
  if (::posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environ) != 0) pid = -1;
  wait_for(pid);
}

struct contestant {
  std::string name;
  int starts;  // in each round
  std::function<void()> start;
  std::vector<double> rounds{};  // microseconds for one process
};

std::vector<contestant> contestants() {
  return {
      {"vfork, _exit", 200, by_vfork},
      {"fork, _exit", 100, by_fork},
      {"posix_spawn of this program, which returns at once", 20, by_posix_spawn},
      {"troupe, fork server", 100, [] { by_troupe(troupe::start_method::fork_server); }},
      {"troupe, spawn", 20, [] { by_troupe(troupe::start_method::spawn); }},
  };
}

void run_round(contestant& c) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < c.starts; ++i) c.start();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  c.rounds.push_back(took.count() / c.starts);
}

constexpr const char* python = R"(
import multiprocessing as mp, sys, time
def nothing(): pass
if __name__ == "__main__":
    context, starts, ballast = mp.get_context(sys.argv[1]), int(sys.argv[2]), bytearray(b"x") * int(sys.argv[3])
    def one():
        p = context.Process(target=nothing)
        p.start()
        p.join()
    one()
    start = time.perf_counter()
    for _ in range(starts): one()
    print((time.perf_counter() - start) / starts * 1e6)
)";

/// One round of CPython, which needs an interpreter of its own. Below 0 if there is none.
double python_round(const std::string& script, const std::string& method, int starts, std::size_t ballast) {
  const std::string command = fmt::format("python3 {} {} {} {} 2>/dev/null", script, method, starts, ballast);
  FILE* out = ::popen(command.c_str(), "r");
  double took = -1;
  if (out == nullptr || std::fscanf(out, "%lf", &took) != 1) took = -1;
  if (out != nullptr) ::pclose(out);
  return took;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

std::vector<contestant> measure(int rounds, const std::string& script, std::size_t ballast) {
  const std::vector<char> memory(ballast, 'x');
  std::vector<contestant> all = contestants();
  const std::size_t own = all.size();
  for (const char* method : {"fork", "forkserver", "spawn"}) all.push_back({std::string{"CPython, "} + method, 10, {}});
  for (contestant& c : all)
    if (c.start) c.start();
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < own; ++i) run_round(all[i]);
    for (std::size_t i = own; i < all.size(); ++i) {
      const double took = python_round(script, all[i].name.substr(9), all[i].starts, ballast);
      if (took >= 0) all[i].rounds.push_back(took);
    }
  }
  std::erase_if(all, [](const contestant& c) { return c.rounds.empty(); });
  return all;
}

void print(const char* title, const std::vector<contestant>& all) {
  const auto fork = std::ranges::find_if(all, [](const contestant& c) { return c.name.starts_with("fork"); });
  fmt::print("{:<52} {:>9} {:>9} {:>9} {:>9}\n", title, "median", "min", "max", "x fork");
  for (const contestant& c : all) {
    const auto [min, max] = std::ranges::minmax(c.rounds);
    fmt::print("{:<52} {:9.1f} {:9.1f} {:9.1f} {:9.2f}\n", c.name, median(c.rounds), min, max,
               median(c.rounds) / median(fork->rounds));
  }
  fmt::print("\n");
}

nlohmann::json json_of(const std::vector<contestant>& all) {
  auto results = nlohmann::json::array();
  for (const contestant& c : all)
    results.push_back({{"name", c.name}, {"unit", "us"}, {"median", median(c.rounds)}, {"rounds", c.rounds}});
  return results;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == std::string{nothing}) return 0;
  troupe::system system;

  CLI::App app{"Measures start, exit and join of a process."};
  std::string json;
  int rounds = 15;
  app.add_option("--json", json, "Also write everything to this file");
  app.add_option("--rounds", rounds, "How often each is measured")->check(CLI::Range(1, 1000))->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::string script = "/tmp/bench-processes-XXXXXX.py";
  const int file = ::mkstemps(script.data(), 3);
  if (file < 0) throw std::runtime_error{"no temporary file"};
  ::close(file);
  std::ofstream{script} << python;

  const auto small = measure(rounds, script, 0);
  print("small parent: microseconds for one process", small);
  const auto large = measure(rounds, script, ballast_bytes);
  print("parent with 1 GiB: microseconds for one process", large);
  ::unlink(script.c_str());
  if (!json.empty())
    std::ofstream{json} << nlohmann::json{{"small", json_of(small)}, {"large", json_of(large)}}.dump(1) << '\n';
}
