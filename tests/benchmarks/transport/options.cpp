#include "options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>
#include <regex>

namespace bench {

options read_options(int argc, char** argv) {
  options chosen;
  bool quick = false;
  const std::map<std::string, placement> placements{
      {"one-core", placement::one_core}, {"two-cores", placement::two_cores}, {"free", placement::free}};

  CLI::App app{"Measures troupe's pipe and queue beside other transports between processes."};
  app.add_option("--placement", chosen.how.where,
                 "one-core, two-cores (senders on one, receivers on the other), or free")
      ->transform(CLI::Transformer(placements))
      ->default_str("two-cores");
  auto* repetitions =
      app.add_option("--repetitions", chosen.repetitions, "Times each figure is measured; the median is shown")
          ->check(CLI::Range(1, 1000))
          ->capture_default_str();
  auto* seconds = app.add_option("--seconds", chosen.how.seconds, "Time of each measurement")
                      ->check(CLI::Range(0.001, 10.0))
                      ->capture_default_str();
  app.add_option("--only", chosen.only, "Only what this regular expression finds in \"table/column/contestant\"");
  app.add_option("--json", chosen.json, "Also write everything to this file");
  app.add_flag("--list", chosen.list, "List what would be measured, and stop");
  app.add_flag("--quick", quick, "A first look: two short repetitions");
  try {
    app.parse(argc, argv);
    static_cast<void>(std::regex{chosen.only});
    if (chosen.how.where == placement::two_cores && usable_cores() < 2)
      throw CLI::ValidationError{"--placement", "this process may use one core only: one-core or free"};
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  } catch (const std::regex_error& e) {
    std::exit(app.exit(CLI::ValidationError{"--only", e.what()}));
  }
  if (quick && repetitions->count() == 0) chosen.repetitions = 2;
  if (quick && seconds->count() == 0) chosen.how.seconds = 0.03;
  return chosen;
}

}  // namespace bench
