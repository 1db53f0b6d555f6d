// troupe's pipe and queue beside other transports between processes; see README.md.
#include "crew.hpp"
#include "machine.hpp"
#include "peers/peers.hpp"
#include "report.hpp"
#include "scoreboard.hpp"

#include "troupe/actor/system.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <fmt/format.h>
#include <regex>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace bench;

std::string name_of(const trial& one) { return one.table + "/" + one.column + "/" + one.contestant; }

// In the order of the tables, so that those who are compared run close to each other.
std::vector<result> chosen_trials(const catalogue& everybody, const std::string& only) {
  const std::regex pattern{only};
  std::vector<result> chosen;
  for (const table& t : tables())
    for (const column& c : t.columns)
      for (const trial& one : everybody.trials)
        if (one.table == t.id && one.column == c.id && std::regex_search(name_of(one), pattern))
          chosen.push_back({one, {}, {}});
  return chosen;
}

void say(const std::string& text) {
  if (isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r\033[K{}", text);
  std::fflush(stderr);
}

// What nobody here used, though somebody did.
class others {
 public:
  [[nodiscard]] double share() const {
    const machine_time machine = time_of_machine();
    const auto all = static_cast<double>(machine.all - machine_.all);
    const auto used = static_cast<double>((machine.used - machine_.used) - (ours() - ours_));
    return all > 0 ? std::clamp(used / all, 0.0, 1.0) : 0;
  }

 private:
  static std::int64_t ours() { return time_of_children() + crew::time_of_troupe(); }
  machine_time machine_ = time_of_machine();
  std::int64_t ours_ = ours();
};

void measure(result& one, const conditions& how) {
  if (!one.failure.empty()) return;
  try {
    one.values.push_back(one.what.run(how));
  } catch (const std::exception& e) {
    one.failure = e.what();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const options chosen = read_options(argc, argv);
  static_cast<void>(board());  // before the fork server is forked, which hands it on
  const troupe::system system;

  catalogue everybody;
  add_everybody(everybody);
  results run{.chosen = chosen,
              .where = this_machine(),
              .date = date(),
              .load_before = load(),
              .all = chosen_trials(everybody, chosen.only),
              .absent = everybody.absent};
  if (chosen.list) {
    for (const result& one : run.all) fmt::print("{}\n", name_of(one.what));
    return 0;
  }
  const others strangers;
  for (int repetition = 1; repetition <= chosen.repetitions; ++repetition)
    for (result& one : run.all) {
      say(fmt::format("{}/{} {}", repetition, chosen.repetitions, name_of(one.what)));
      measure(one, chosen.how);
    }
  say("");
  run.load_after = load();
  run.used_by_others = strangers.share();
  print(run);
  try {
    if (!chosen.json.empty()) write_json(run, chosen.json);
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 1;
  }
  return std::ranges::any_of(run.all, [](const result& one) { return !one.failure.empty(); }) ? 1 : 0;
}
