// What a process finds when it starts.
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/temporary_folder.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

template <class... Args>
exit_status run(process_options options, Args&&... args) {
  process p{std::move(options), std::forward<Args>(args)...};
  p.start();
  p.join();
  return p.exit_status().value();
}

void tell_variable(queue<std::optional<std::string>> out, std::string name) {
  const char* value = std::getenv(name.c_str());
  out.put(value == nullptr ? std::nullopt : std::optional<std::string>{value});
}
void tell_folder(queue<std::string> out) { out.put(fs::current_path()); }
void say(std::string output, std::string errors) {
  std::cout << output;
  std::cerr << errors;
}

constexpr start_method methods[] = {start_method::fork_server, start_method::spawn};

}  // namespace

TEST_CASE("variables of the environment can be set and removed for a process, by either start method") {
  ::setenv("TROUPE_TEST_KEPT", "changed after the system was constructed", 1);
  for (const start_method method : methods) {
    const process_options options{.method = method, .environment = {{"TROUPE_TEST", "new"}, {"HOME", std::nullopt}}};
    queue<std::optional<std::string>> out;
    CHECK(run(options, tell_variable, out, "TROUPE_TEST").code == 0);
    CHECK(out.get() == "new");
    CHECK(run(options, tell_variable, out, "HOME").code == 0);
    CHECK(out.get() == std::nullopt);
  }
}

TEST_CASE("a process works in the folder of its parent, or in another one") {
  const temporary_folder elsewhere;
  const fs::path here = fs::current_path();
  for (const start_method method : methods) {
    queue<std::string> out;
    CHECK(run({.method = method, .working_directory = elsewhere.path()}, tell_folder, out).code == 0);
    CHECK(fs::path{out.get()} == elsewhere.path());
    fs::current_path(elsewhere.path());
    CHECK(run({.method = method}, tell_folder, out).code == 0);
    CHECK(fs::path{out.get()} == elsewhere.path());
    fs::current_path(here);
  }
}

TEST_CASE("the standard streams of a process lead to files, or nowhere") {
  const temporary_folder folder;
  for (const start_method method : methods) {
    CHECK(run({.method = method, .output = stdio::file(folder / "out"), .errors = stdio::append_to(folder / "all")},
              say, "first\n", "one\n")
              .code
          == 0);
    CHECK(run({.method = method, .output = stdio::file(folder / "out"), .errors = stdio::append_to(folder / "all")},
              say, "second\n", "two\n")
              .code
          == 0);
    CHECK(content_of(folder / "out") == "second\n");
  }
  CHECK(content_of(folder / "all") == "one\ntwo\none\ntwo\n");
  CHECK(run({.output = stdio::null(), .errors = stdio::null()}, say, "nobody", "reads this").code == 0);
  CHECK(run({.input = stdio::file(folder / "all")},
            [] {
              std::string line;
              return std::getline(std::cin, line) && line == "one" ? 0 : 1;
            })
            .code
        == 0);
  CHECK(run({}, [] { return std::cin.get() == EOF ? 0 : 1; }).code == 0);
}

TEST_CASE("what a process writes can be received from a connection, also what it wrote before it was killed") {
  auto [reader, writer] = pipe(simplex);
  process p{process_options{.output = stdio::to(std::move(writer))}, [] {
              std::cout << "before\n";
              std::raise(SIGKILL);
            }};
  p.start();
  std::string all;
  const errc end = error_of([&, &from = reader] {
    for (;;) {
      const auto piece = from.recv_bytes();
      all.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
  });
  CHECK(end == errc::end_of_stream);
  CHECK(all == "before\n");
  p.join();
  CHECK(p.exit_code() == -SIGKILL);
}

TEST_CASE("a stream that cannot be opened is an error of start") {
  process p{process_options{.output = stdio::file("/nowhere/at/all")}, say, "", ""};
  CHECK_THROWS_WITH(p.start(), Catch::Contains("/nowhere/at/all"));
  CHECK_FALSE(p.pid());
  process q{process_options{.input = stdio::file("/nowhere/at/all")}, say, "", ""};
  CHECK_THROWS_AS(q.start(), error);
  CHECK_THROWS_AS(stdio::descriptor(-1), error);
  auto [reader, writer] = pipe(simplex);
  CHECK(error_of([&, &end = reader] { (void)stdio::to(std::move(end)); }) == errc::wrong_direction);
}

TEST_CASE("what cannot be a name or a variable is an error of start") {
  const auto refused = [](process_options options) {
    process p{std::move(options), [] {}};
    return error_of([&] { p.start(); }) == errc::invalid_argument;
  };
  const std::string with_zero{"a\0b", 3};
  CHECK(refused({.name = with_zero}));
  CHECK(refused({.working_directory = with_zero}));
  CHECK(refused({.environment = {{with_zero, "1"}}}));
  CHECK(refused({.environment = {{"A", with_zero}}}));
  CHECK(refused({.environment = {{"A=B", "1"}}}));
  CHECK(refused({.environment = {{"", std::nullopt}}}));
}

TEST_CASE("processors, niceness and limits are those of the options") {
  for (const start_method method : methods) {
    const exit_status end = run(
        {.method = method, .processors = {0}, .nice = 7, .limits = {{RLIMIT_CORE, 0, 0}, {RLIMIT_NOFILE, 77, 99}}}, [] {
          cpu_set_t set;
          rlimit files{};
          (void)::sched_getaffinity(0, sizeof set, &set);
          (void)::getrlimit(RLIMIT_NOFILE, &files);
          const bool right = CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set) && cpu_count() == 1
                             && ::getpriority(PRIO_PROCESS, 0) == 7 && files.rlim_cur == 77 && files.rlim_max == 99;
          return right ? 0 : 1;
        });
    CHECK(end.code == 0);
  }
}

TEST_CASE("a setting that the system refuses ends the process before its function, and says which") {
  for (const start_method method : methods) {
    const exit_status end = run({.method = method, .working_directory = "/nowhere", .errors = stdio::null()}, [] {});
    CHECK(end.code == 1);
    CHECK_THAT(end.exception, Catch::Contains("chdir") && Catch::Contains("/nowhere"));
  }
  const exit_status end = run({.errors = stdio::null(), .processors = {100'000}}, [] {});
  CHECK(end.code == 1);
  CHECK_THAT(end.exception, Catch::Contains("there is no processor 100000"));
}

TEST_CASE("a process started afresh runs the same functions with the same arguments") {
  const process_options afresh{.name = "afresh", .method = start_method::spawn};
  queue<std::string> out;
  auto [here, there] = pipe();
  process p{afresh,
            [](queue<std::string> to, connection line, std::vector<int> numbers) {
              to.put(this_process().name());
              line.send(numbers.back());
              // Of either kind, from there.
              return run({.method = start_method::spawn}, [] { return 5; }).code + run({}, [] { return 6; }).code;
            },
            out, std::move(there), std::vector{1, 2, 3}};
  p.start();
  CHECK(out.get() == "afresh");
  CHECK(here.recv<int>() == 3);
  p.join();
  CHECK(p.exit_code() == 11);
  CHECK(run(afresh, [] { std::raise(SIGKILL); }).code == -SIGKILL);
  const exit_status end = run({.method = start_method::spawn, .errors = stdio::null()},
                              []() -> int { throw std::runtime_error{"no luck"}; });
  CHECK(end.code == 1);
  CHECK(end.exception == "std::runtime_error: no luck");
}

TEST_CASE("lines of several processes stay whole, on both streams") {
  const temporary_folder folder;
  std::vector<process> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back(
        process_options{.output = stdio::append_to(folder / "all"), .errors = stdio::append_to(folder / "all")},
        [](int number) {
          for (int line = 0; line < 200; ++line) {
            std::cout << "out " << number << ' ' << std::string(50, 'x') << " end\n";
            std::cerr << "err " << number << ' ' << std::string(50, 'x') << " end\n";
          }
        },
        i);
  for (process& p : writers) p.start();
  for (process& p : writers) p.join();
  std::ifstream all{folder / "all"};
  int count = 0;
  for (std::string line; std::getline(all, line); ++count) {
    const bool whole = (line.starts_with("out ") || line.starts_with("err ")) && line.ends_with("x end")
                       && line.size() == 4 + 2 + 50 + 4;
    REQUIRE(whole);
  }
  CHECK(count == 1600);
}
