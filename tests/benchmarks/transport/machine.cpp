#include "machine.hpp"

#include "placement.hpp"

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

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
  const std::string release = system.release;  // what follows the number is the distribution's name for it
  return {processor(), usable_cores(), std::string{system.sysname} + " " + release.substr(0, release.find('-')),
          compiler()};
}

machine_time time_of_machine() {
  std::ifstream all{"/proc/stat"};
  std::string name;
  all >> name;
  machine_time result;
  const std::int64_t tick = 1'000'000'000 / sysconf(_SC_CLK_TCK);
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user and nice
  for (int kind = 0; kind < 8; ++kind) {
    std::int64_t ticks = 0;
    all >> ticks;
    result.all += ticks * tick;
    if (kind != 3 && kind != 4) result.used += ticks * tick;
  }
  return result;
}

std::int64_t time_of_children() {
  std::int64_t sum = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    getrusage(who, &used);
    for (const timeval& t : {used.ru_utime, used.ru_stime})
      sum += std::int64_t{t.tv_sec} * 1'000'000'000 + std::int64_t{t.tv_usec} * 1000;
  }
  return sum;
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
