// The log of a tree of processes; its records are in base/log.cpp.
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"
#include "troupe/log.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <algorithm>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr int lines_of_each = 200;
constexpr std::size_t line_length = 3000;

/// What this process does with its log, for as long as it lives.
class logging_from {
 public:
  explicit logging_from(log_level least) { log_to_stderr(least); }
  logging_from(const logging_from&) = delete;
  logging_from& operator=(const logging_from&) = delete;
  ~logging_from() { log_to_stderr(log_level::warning); }
};

int own_level() { return static_cast<int>(least_logged()); }

int level_of_a_child(start_method method) {
  return run(process{process_options{.method = method, .errors = stdio::null()}, own_level});
}

void log_many(int who) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([text = std::string(line_length, static_cast<char>('a' + 2 * who + t))] {
      for (int i = 0; i < lines_of_each; ++i) log(log_level::warning, text);
    });
  for (std::thread& t : threads) t.join();
}

void gather(queue<log_record> into) {
  log_to([into](const log_record& record) mutable { into.put(record); }, log_level::info);
  throw std::runtime_error{"on purpose"};
}

}  // namespace

TEST_CASE("processes inherit the level of the log, by either method, and hand it on") {
  const start_method method = GENERATE(start_method::fork_server, start_method::spawn);
  CHECK(level_of_a_child(method) == static_cast<int>(log_level::warning));
  const logging_from here{log_level::error};
  CHECK(level_of_a_child(method) == static_cast<int>(log_level::error));
  CHECK(run(process{level_of_a_child, method}) == static_cast<int>(log_level::error));
}

TEST_CASE("a process tells on standard error that it starts and ends, if asked to") {
  const temporary_folder folder;
  const logging_from here{log_level::info};
  process worker{process_options{.name = "worker", .errors = stdio::file(folder / "log")}, return_it, 3};
  worker.start();
  worker.join();
  const std::string head = "[info worker " + std::to_string(worker.pid().value()) + "] ";
  CHECK(content_of(folder / "log") == head + "starts\n" + head + "ends with exit code 3\n");
}

TEST_CASE("an exception that escapes is logged with the name of the process") {
  const temporary_folder folder;
  process worker{process_options{.name = "worker", .errors = stdio::file(folder / "log")},
                 [] { throw std::runtime_error{"on purpose"}; }};
  worker.start();
  worker.join();
  CHECK(content_of(folder / "log")
        == "[error worker " + std::to_string(worker.pid().value())
               + "] its function threw std::runtime_error: on purpose\n");
}

TEST_CASE("what many threads of many processes log stays in whole lines") {
  const temporary_folder folder;
  constexpr int processes = 4;
  std::vector<process> all;
  for (int i = 0; i < processes; ++i)
    all.emplace_back(process_options{.name = "worker", .errors = stdio::append_to(folder / "log")}, log_many, i);
  for (process& p : all) p.start();
  for (process& p : all) p.join();
  std::istringstream log{content_of(folder / "log")};
  std::map<char, int> seen;
  int whole = 0;
  for (std::string line; std::getline(log, line);) {
    const std::string text = line.substr(std::min(line.find("] ") + 2, line.size()));
    const bool is_one = text.size() == line_length && text.find_first_not_of(text[0]) == std::string::npos;
    whole += is_one && line.starts_with("[warning worker ") ? 1 : 0;
    if (is_one) ++seen[text[0]];
  }
  CHECK(whole == processes * 2 * lines_of_each);
  CHECK(seen.size() == processes * 2);
}

TEST_CASE("the records of other processes can be gathered through a queue") {
  queue<log_record> records;
  process worker{process_options{.name = "worker"}, gather, records};
  worker.start();
  worker.join();
  const log_record thrown = records.get();
  CHECK(thrown.level == log_level::error);
  CHECK(thrown.process == "worker");
  CHECK(thrown.pid == worker.pid());
  CHECK(thrown.text == "its function threw std::runtime_error: on purpose");
  CHECK(thrown.file.ends_with("child.cpp"));
  CHECK(records.get().text == "ends with exit code 1");
}
