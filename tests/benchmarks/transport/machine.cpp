#include "machine.hpp"

#include "placement.hpp"

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sys/utsname.h>

namespace bench {
namespace {

std::string processor() {
  std::ifstream info{"/proc/cpuinfo"};
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  return "unknown processor";
}

std::string compiler() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

}  // namespace

machine this_machine() {
  utsname system{};
  uname(&system);
  return {processor(), usable_cores(), std::string{system.sysname} + " " + system.release, compiler()};
}

double load() {
  double last_minute = -1;
  return getloadavg(&last_minute, 1) == 1 ? last_minute : -1;
}

std::string date() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace bench
