#include "chaos.hpp"
#include "index.hpp"
#include "print.hpp"
#include "settings.hpp"
#include "steps.hpp"
#include "verify.hpp"
#include "walk.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <troupe/troupe.hpp>

namespace {

using namespace word_index;

auto make_plan(const walk_result& found, const settings& chosen) {
  const unsigned retries = chosen.chaos ? 10'000 : 2;
  return troupe::from("files", found.files)
      .then("parse", parse, {.width = chosen.workers, .where = troupe::place::own_process, .retries = retries})
      .then("count", count)
      .fold("merge", merge, word_index::index{found.problems});
}

int run(troupe::system& system, const settings& chosen) {
  const walk_result found = walk(chosen.roots);
  auto plan = make_plan(found, chosen);
  if (chosen.graph) {
    std::cout << plan.dot();
    return EXIT_SUCCESS;
  }

  chaos killer{chosen.chaos};
  auto report = plan.run(system, {.progress = chosen.progress,
                                  .interval = chosen.chaos.value_or(std::chrono::milliseconds{100}),
                                  .on_progress = [&](const troupe::progress& now) { killer.strike(now); }});
  report.value.normalise();
  const bool exact = !chosen.verify || report.value == index_sequentially(found);
  print_index(report.value, found.files, chosen);
  std::cout << '\n' << report.stages;
  if (chosen.chaos) std::cout << "\nworkers killed on the way: " << troupe::deaths(report.stages) << '\n';
  if (chosen.verify) std::cout << (exact ? "\nverified: " : "\nWRONG: not ") << "the same as computed sequentially\n";
  return exact ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    troupe::system system;  // first: a worker process starts here and does not go further
    return run(system, read_settings(argc, argv));
  } catch (const std::exception& e) {
    std::cerr << "word_index: " << e.what() << '\n';
    return EXIT_FAILURE;
  }
}
