#include "settings.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <thread>

namespace word_index {

settings read_settings(int argc, char** argv) {
  settings chosen{.workers = std::max(1U, std::thread::hardware_concurrency())};
  bool no_progress = false;
  unsigned chaos_period = 0;

  CLI::App app{"Counts the words of all texts below some folders on several processes."};
  app.add_option("DIR", chosen.roots, "Folders or files; gzip files are read too")->capture_default_str();
  app.add_option("--word", chosen.words, "List the files that hold this word; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->capture_default_str();
  app.add_option("--top", chosen.top, "How many of the most frequent words to show")->capture_default_str();
  app.add_option("--files", chosen.files, "How many paths to show of each list")->capture_default_str();
  app.add_option("--workers", chosen.workers, "Worker processes")->check(CLI::Range(1U, 256U))->capture_default_str();
  app.add_flag("--verify", chosen.verify, "Compute the index again, in this process alone, and compare");
  auto* chaos = app.add_option("--chaos", chaos_period, "Kill a random worker every so many milliseconds (150)")
                    ->expected(0, 1)
                    ->check(CLI::Range(1U, 3'600'000U));
  app.add_flag("--graph", chosen.graph, "Print the pipeline as DOT and stop");
  app.add_flag("--no-progress", no_progress, "No progress line, even on a terminal");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }
  chosen.progress = !no_progress;
  if (chaos->count() > 0) chosen.chaos = std::chrono::milliseconds{chaos_period == 0 ? 150 : chaos_period};
  std::ranges::transform(chosen.words, chosen.words.begin(), [](std::string word) {
    for (char& letter : word)
      if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return word;
  });
  return chosen;
}

}  // namespace word_index
