// A program that closes all descriptors it finds, those of the process room among them.
#include "support/catch.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/system.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace troupe;

namespace {

/// One of the pipes is the watchdog's.
void close_all_but_pipes() {
  std::vector<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    const bool is_pipe = std::filesystem::read_symlink(entry.path(), gone).string().starts_with("pipe:");
    const int number = std::stoi(entry.path().filename());
    if (!is_pipe && number > STDERR_FILENO) numbers.push_back(number);
  }
  for (const int number : numbers) (void)::close(number);
}

}  // namespace

TEST_CASE("the first process of a tree after it has closed all descriptors above the standard streams",
          "[.closes_descriptors]") {
  process child{[] {
    for (;;) ::pause();
  }};
  child.start();
  close_all_but_pipes();
  try {
    process late{[] {}};
    late.start();
  } catch (const error& e) {
    const std::string text = std::string{e.what()} + "\n";
    (void)!::write(STDOUT_FILENO, text.data(), text.size());
  }
  child.terminate();
  child.join();
  CHECK(child.exit_code() == -SIGTERM);
}

TEST_CASE("a program that closed all descriptors is told so at the next start, joins its children, and ends") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t other = ::fork();
  REQUIRE(other >= 0);
  if (other == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl("/proc/self/exe", "unit_tests", "[.closes_descriptors]", nullptr);
    ::_exit(1);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 256> piece;
  for (ssize_t count = 0; (count = ::read(ends[0], piece.data(), piece.size())) > 0;)
    said.append(piece.data(), static_cast<std::size_t>(count));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(other, &status, 0) == other);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(said.find("was closed by this program") != std::string::npos);
}
