#pragma once

#include "troupe/base/log.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Private to the process room.
namespace troupe::tree {

struct limit_setting {
  std::int32_t resource = 0;
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

/// What a new process does to itself before it runs its function; see process_options. The front of a start request's
/// body.
struct start_settings {
  bool exec = false;
  std::map<std::string, std::optional<std::string>> environment;
  std::string working_directory;
  std::vector<std::uint32_t> processors;
  std::optional<std::int32_t> nice;
  std::vector<limit_setting> limits;
  log_level least_logged = log_level::warning;

  /// Throws `error`, naming the setting that the system refused.
  void apply() const;
};

}  // namespace troupe::tree
