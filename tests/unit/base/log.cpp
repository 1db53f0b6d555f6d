#include "troupe/log.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

#include <atomic>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Gathers this process's records for as long as it lives.
class gathered {
 public:
  explicit gathered(log_level least) {
    log_to([this](const log_record& record) { all.push_back(record); }, least);
  }
  gathered(const gathered&) = delete;
  gathered& operator=(const gathered&) = delete;
  ~gathered() { log_to_stderr(log_level::warning); }

  std::vector<log_record> all;
};

}  // namespace

TEST_CASE("a log record says what, how much it matters, when, where and in which process") {
  const auto begin = std::chrono::system_clock::now();
  const gathered records{log_level::info};
  log(log_level::info, "first");
  const int line = __LINE__ - 1;
  log(log_level::error, "second");
  REQUIRE(records.all.size() == 2);
  const log_record& first = records.all[0];
  CHECK(first.level == log_level::info);
  CHECK(first.text == "first");
  CHECK(first.process == "main");
  CHECK(first.pid == ::getpid());
  CHECK(first.time >= begin);
  CHECK(first.time <= std::chrono::system_clock::now());
  CHECK(first.file.ends_with("log.cpp"));
  CHECK(first.line == static_cast<std::uint32_t>(line));
  CHECK(line_of(first) == "[info main " + std::to_string(::getpid()) + "] first");
  CHECK(records.all[1].level == log_level::error);
}

TEST_CASE("records below the level that was asked for go nowhere") {
  const gathered records{log_level::warning};
  CHECK(least_logged() == log_level::warning);
  log(log_level::debug, "nothing");
  log(log_level::info, "nothing");
  log(log_level::warning, "something");
  log(log_level::off, "nothing");
  CHECK(records.all.size() == 1);
  const gathered none{log_level::off};
  log(log_level::error, "nothing");
  CHECK(none.all.empty());
}

TEST_CASE("a log needs a sink, and survives one that throws") {
  CHECK(error_of([] { log_to({}); }) == errc::invalid_argument);
  CHECK(least_logged() == log_level::warning);
  log_to([](const log_record&) { throw std::runtime_error{"as is expected"}; });
  log(log_level::info, "this line is expected, too");
  log_to_stderr(log_level::warning);
}

TEST_CASE("a copy made by fork() logs while the original does") {
  std::atomic<std::uint64_t> count{0};
  log_to([&](const log_record&) { count.fetch_add(1); });
  std::atomic<bool> over{false};
  std::thread busy{[&] {
    while (!over) log(log_level::info, "busy");
  }};
  int well = 0;
  constexpr int copies = 50;
  for (int i = 0; i < copies; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      log(log_level::info, "copy");
      ::_exit(0);
    }
    int status = 0;
    well += ::waitpid(pid, &status, 0) == pid && status == 0 ? 1 : 0;
  }
  over = true;
  busy.join();
  log_to_stderr(log_level::warning);
  CHECK(well == copies);
}
