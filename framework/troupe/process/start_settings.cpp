#include "troupe/process/start_settings.hpp"

#include "troupe/base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

void set_processors(const std::vector<std::uint32_t>& processors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const std::uint32_t processor : processors) {
    if (processor >= CPU_SETSIZE)
      throw error{errc::invalid_argument, "there is no processor " + std::to_string(processor)};
    CPU_SET(processor, &set);
  }
  if (::sched_setaffinity(0, sizeof set, &set) != 0) throw_errno("sched_setaffinity", "the processors of the options");
}

}  // namespace

void start_settings::apply() const {
  for (const auto& [name, value] : environment) {
    const int result = value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    if (result != 0) throw_errno(value ? "setenv" : "unsetenv", name);
  }
  if (!working_directory.empty() && ::chdir(working_directory.c_str()) != 0) throw_errno("chdir", working_directory);
  if (!processors.empty()) set_processors(processors);
  if (nice && ::setpriority(PRIO_PROCESS, 0, *nice) != 0) throw_errno("setpriority", std::to_string(*nice));
  for (const limit_setting& limit : limits) {
    const rlimit both{limit.soft, limit.hard};
    if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &both) != 0)
      throw_errno("setrlimit", "resource " + std::to_string(limit.resource));
  }
}

}  // namespace troupe::tree
