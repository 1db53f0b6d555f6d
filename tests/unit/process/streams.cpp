// What processes write to the standard streams arrives, once.
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"
#include "troupe/process.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <iostream>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::array streams{"cout", "cerr", "clog", "wcout", "wcerr", "wclog", "stdout", "stderr"};
constexpr const char* starts_pending = "TROUPE_TEST_PENDING";
constexpr const char* the_program = "a program that starts with output pending";

/// One line into each standard stream, which stays in its buffer.
void write_to_all(const std::string& writer) {
  std::ios::sync_with_stdio(false);
  std::cerr.unsetf(std::ios::unitbuf);
  std::wcerr.unsetf(std::ios::unitbuf);
  static std::array<char, 4096> errors;
  std::setvbuf(stderr, errors.data(), _IOFBF, errors.size());
  const std::wstring wide{writer.begin(), writer.end()};
  std::cout << writer << " cout\n";
  std::cerr << writer << " cerr\n";
  std::clog << writer << " clog\n";
  std::wcout << wide << L" wcout\n";
  std::wcerr << wide << L" wcerr\n";
  std::wclog << wide << L" wclog\n";
  std::fputs((writer + " stdout\n").c_str(), stdout);
  std::fputs((writer + " stderr\n").c_str(), stderr);
}

[[maybe_unused]] const bool wrote_before_main = [] {
  if (std::getenv(starts_pending) == nullptr) return false;
  ::unsetenv(starts_pending);
  write_to_all("early");
  return true;
}();

/// "cout 1, cerr 1, ...": how often each line of that writer is in the file.
std::string arrived(const std::filesystem::path& file, const std::string& writer) {
  const std::string text = content_of(file);
  std::string counts;
  for (const std::string stream : streams) {
    const std::string line = writer + " " + stream + "\n";
    int count = 0;
    for (auto at = text.find(line); at != text.npos; at = text.find(line, at + 1)) ++count;
    counts += stream + " " + std::to_string(count) + ", ";
  }
  return counts;
}

const std::string each_once = "cout 1, cerr 1, clog 1, wcout 1, wcerr 1, wclog 1, stdout 1, stderr 1, ";

process_options into(const std::filesystem::path& file, start_method method) {
  return {.method = method, .output = stdio::append_to(file), .errors = stdio::append_to(file)};
}

}  // namespace

// Not a test of its own: the program in the one below.
TEST_CASE("a program that starts with output pending", "[.streams]") {
  const auto flush_all = [] {
    for (std::ostream* stream : {&std::cout, &std::cerr, &std::clog}) stream->flush();
    for (std::wostream* stream : {&std::wcout, &std::wcerr, &std::wclog}) stream->flush();
  };
  CHECK(run(process{flush_all}) == 0);
  CHECK(run(process{process_options{.method = start_method::spawn}, flush_all}) == 0);
}

TEST_CASE("what a process writes to any standard stream arrives once, however its function ends") {
  const temporary_folder folder;
  const start_method method = GENERATE(start_method::fork_server, start_method::spawn);
  CHECK(run(process{into(folder / "returns", method), write_to_all, "child"}) == 0);
  CHECK(arrived(folder / "returns", "child") == each_once);
  CHECK(run(process{into(folder / "throws", method),
                    [] {
                      write_to_all("child");
                      throw std::runtime_error{"enough"};
                    }})
        == 1);
  CHECK(arrived(folder / "throws", "child") == each_once);
  CHECK(run(process{into(folder / "exits", method),
                    [] {
                      write_to_all("child");
                      std::exit(4);
                    }})
        == 4);
  CHECK(arrived(folder / "exits", "child") == each_once);
}

TEST_CASE("a standard stream that throws keeps nothing of the others from arriving") {
  const temporary_folder folder;
  const auto write = [] {
    write_to_all("child");
    std::cout.exceptions(std::ios::badbit);
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    ::dup2(full, STDOUT_FILENO);
  };
  CHECK(run(process{into(folder / "out", start_method::fork_server), +write}) == 0);
  CHECK_THAT(arrived(folder / "out", "child"), contains("cerr 1, clog 1") && contains("wcerr 1, wclog 1"));
}

TEST_CASE("what is pending in any standard stream when the system is constructed arrives once") {
  const temporary_folder folder;
  const std::string file = folder / "out";
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::setenv(starts_pending, "1", 1);
    ::execl("/proc/self/exe", "unit_tests", the_program, nullptr);
    ::_exit(127);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  CHECK(status == 0);
  CHECK(arrived(file, "early") == each_once);
}
