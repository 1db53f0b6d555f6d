// CPython's multiprocessing.Pipe and Queue: a script that measures one figure and prints it (cpython.py).
#include "../participant.hpp"
#include "../pipe_job.hpp"
#include "../queue_job.hpp"
#include "peers.hpp"

#include "troupe/base/unique_fd.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace bench {
namespace {

bool is_there() {
  std::istringstream folders{std::getenv("PATH") != nullptr ? std::getenv("PATH") : ""};
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/python3").c_str(), X_OK) == 0) return true;
  return false;
}

double run_script(std::vector<std::string> arguments) {
  std::array<int, 2> both{};
  if (::pipe(both.data()) != 0) throw std::system_error{errno, std::system_category(), "pipe"};
  troupe::unique_fd in{both[0]};
  troupe::unique_fd out{both[1]};
  arguments.insert(arguments.begin(), {"python3", TRANSPORT_CPYTHON_SCRIPT});
  crew one{1};
  one.fork([&] {
    const participant me{0, 0, placement::free};
    dup2(out.get(), STDOUT_FILENO);
    std::vector<char*> words;
    for (std::string& word : arguments) words.push_back(word.data());
    words.push_back(nullptr);
    execvp(words[0], words.data());
    throw std::system_error{errno, std::system_category(), "execvp python3"};
  });
  out.reset();
  one.finish();
  std::array<char, 64> text{};
  if (read(in.get(), text.data(), text.size() - 1) <= 0) throw std::runtime_error{"the script printed nothing"};
  return std::stod(text.data());
}

std::string name_of(pipe_kind kind) {
  switch (kind) {
  case pipe_kind::round_trip: return "round_trip";
  case pipe_kind::one_way: return "one_way";
  case pipe_kind::records: return "records";
  case pipe_kind::idle: return "idle";
  case pipe_kind::waiting: break;
  }
  return "waiting";
}

double measure(const pipe_job& job) {
  return run_script(
      {"pipe", name_of(job.kind), std::to_string(job.size), std::to_string(job.seconds), core_list(job.where)});
}

double measure(const queue_job& job) {
  return run_script({"queue", std::to_string(job.producers), std::to_string(job.consumers), std::to_string(job.seconds),
                     core_list(job.where)});
}

}  // namespace

void add_cpython(catalogue& all) {
  if (!is_there()) {
    all.absent.push_back({"CPython", "there is no python3"});
    return;
  }
  for (const pipe_column& what : pipe_columns())
    all.add(what.table, what.column, "CPython Pipe",
            [&what](const conditions& c) { return measure(job_for(what, c)); });
  for (const queue_column& what : queue_columns())
    all.add("queue", what.column, "CPython Queue", [&what](const conditions& c) { return measure(job_for(what, c)); });
}

}  // namespace bench
