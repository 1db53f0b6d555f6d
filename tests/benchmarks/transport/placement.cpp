#include "placement.hpp"

#include "spin.hpp"

#include <array>
#include <cerrno>
#include <sched.h>
#include <system_error>

namespace bench {
namespace {

cpu_set_t usable() {
  cpu_set_t all;
  if (sched_getaffinity(0, sizeof all, &all) != 0)
    throw std::system_error{errno, std::system_category(), "sched_getaffinity"};
  return all;
}

// The first two usable cores; the same one twice if there is no other.
std::array<int, 2> two_cores() {
  const cpu_set_t all = usable();
  std::array<int, 2> found{-1, -1};
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(static_cast<std::size_t>(core), &all)) continue;
    if (found[0] < 0) {
      found = {core, core};
    } else {
      found[1] = core;
      break;
    }
  }
  return found;
}

int core_of(placement where, int side) {
  return two_cores()[where == placement::one_core ? 0 : static_cast<std::size_t>(side)];
}

}  // namespace

void pin(placement where, int side) {
  if (where == placement::one_core) spins_before_yield = 0;
  if (where == placement::free) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(core_of(where, side)), &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0)
    throw std::system_error{errno, std::system_category(), "sched_setaffinity"};
}

int usable_cores() {
  const cpu_set_t all = usable();
  return CPU_COUNT(&all);
}

std::string name_of(placement where) {
  switch (where) {
  case placement::one_core: return "one-core";
  case placement::two_cores: return "two-cores";
  case placement::free: break;
  }
  return "free";
}

std::string core_list(placement where) {
  if (where == placement::free) return "";
  return std::to_string(core_of(where, 0)) + "," + std::to_string(core_of(where, 1));
}

}  // namespace bench
