// The main function of every test program.
#define CATCH_CONFIG_RUNNER            // Catch2 v2: this file holds its implementation
#define CATCH_CONFIG_NO_POSIX_SIGNALS  // a fatal signal reaches the sanitizers and ctest as it is
#include "support/catch.hpp"
#include "support/watchdog.hpp"
#include "troupe/actor/system.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string_view>

namespace {

#if __has_include(<catch2/catch_all.hpp>)
using listener_base = Catch::EventListenerBase;
#else
using listener_base = Catch::TestEventListenerBase;
#endif

std::optional<troupe::test::watchdog> the_watchdog;
int test_cases_run = 0;

class listener : public listener_base {
 public:
  using listener_base::listener_base;
  void testCaseStarting(const Catch::TestCaseInfo& test_case) override {
    ++test_cases_run;
    the_watchdog->begin(test_case.name);
  }
  void testCaseEnded(const Catch::TestCaseStats&) override { the_watchdog->end(); }
};

CATCH_REGISTER_LISTENER(listener)

bool only_lists(int count, char** arguments) {
  return std::any_of(arguments, arguments + count,
                     [](std::string_view argument) { return argument.starts_with("--list") || argument == "--help"; });
}

}  // namespace

int main(int argc, char** argv) {
  troupe::system system;  // in a child it runs the child, and exits
  the_watchdog.emplace();

  const int failures = Catch::Session{}.run(argc, argv);
  if (only_lists(argc, argv)) return 0;  // Catch2 v2 returns the number of lines
  if (test_cases_run == 0) {
    std::fprintf(stderr, "no test case matches\n");
    return 4;
  }
  return failures;
}
