// A program whose global locale writes numbers in a way of its own.
#include "support/catch.hpp"
#include "support/run.hpp"
#include "troupe/pipeline.hpp"
#include "troupe/pipeline/progress_line.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/value.hpp"
#include "troupe/wire/any_value.hpp"

#include <cstdlib>
#include <locale>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Writes 1234567.5 as 1 2 3 4 5 6 7,5.
class every_digit_apart final : public std::numpunct<char> {
  char do_thousands_sep() const override { return ' '; }
  char do_decimal_point() const override { return ','; }
  std::string do_grouping() const override { return "\1"; }
};

std::locale grouping() { return std::locale{std::locale::classic(), new every_digit_apart}; }

constexpr const char* starts_grouping = "TROUPE_TEST_GROUPING_LOCALE";
constexpr const char* the_program = "a program whose global locale groups digits from its start";

[[maybe_unused]] const bool groups_before_main = [] {
  if (std::getenv(starts_grouping) == nullptr) return false;
  std::locale::global(grouping());
  return true;
}();

[[nodiscard]] std::string streamed(int number) {
  std::ostringstream out;
  out << number;
  return out.str();
}

void echo(queue<std::string> out, std::string text) { out.put(text + std::to_string(cpu_count())); }

}  // namespace

// Not a test of its own: the program in the one below.
TEST_CASE("a program whose global locale groups digits from its start", "[.locale]") {
  REQUIRE(streamed(1234) == "1 2 3 4");
  const std::string large(100'000, 'x');
  for (const start_method method : {start_method::fork_server, start_method::spawn}) {
    queue<std::string> out;
    CHECK(run(process{process_options{.method = method}, echo, out, large}) == 0);
    CHECK(out.get() == large + std::to_string(cpu_count()));
  }
}

TEST_CASE("a process starts in a program whose global locale groups digits, by either start method") {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv(starts_grouping, "1", 1);
    ::execl("/proc/self/exe", "unit_tests", the_program, nullptr);
    ::_exit(127);
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("what the framework itself writes as text is the same in every global locale") {
  const auto all = [] {
    const auto step = [](int i) { return i; };
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text << from("numbers", std::vector<int>(12))
                .then("step", step, {.window = 1000})
                .fold("sum", std::plus<>{}, 0)
                .dot();
    text << std::vector<stage_stats>{{.name = "step", .items = 12345, .busy = std::chrono::milliseconds{1234567}}};
    text << pipeline::describe({.elapsed = std::chrono::seconds{1}, .finished = 12345, .total = 67890}, "source");
    text << any_value{1234567} << any_value{1234567.5} << wire::type_name<std::array<long, 1234>>();
    text << value<long>{1234567}.load();
    return text.str();
  };
  const std::string plain = all();
  const std::locale last = std::locale::global(grouping());
  const std::string grouped = all();
  std::locale::global(last);
  CHECK(grouped == plain);
}
