#include "support/footprint.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sched.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace troupe::test {
namespace {

namespace fs = std::filesystem;

constexpr auto patience = std::chrono::seconds{5};

std::string place_of(int pid) { return "/proc/" + std::to_string(pid); }

int parent_of(int pid) {
  std::ifstream file{place_of(pid) + "/stat"};
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  return name_end == std::string::npos || name_end + 4 >= line.size() ? -1 : std::stoi(line.substr(name_end + 4));
}

std::vector<int> children_of(int pid) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    const bool is_process = std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (is_process && parent_of(std::stoi(name)) == pid) found.push_back(std::stoi(name));
  }
  return found;
}

std::size_t descriptors_of(int pid) {
  const fs::directory_iterator all{place_of(pid) + "/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

std::size_t mappings_of(int pid) {
  std::ifstream file{place_of(pid) + "/maps"};
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) count += line.find("/memfd:") != std::string::npos;
  return count;
}

}  // namespace

footprint footprint::now() {
  const std::vector<int> ours = children_of(::getpid());  // the fork server
  footprint sum{descriptors_of(::getpid()), mappings_of(::getpid()), ours.size()};
  for (const int server : ours) {
    sum.descriptors += descriptors_of(server);
    sum.mappings += mappings_of(server);
    sum.processes += children_of(server).size();
  }
  return sum;
}

footprint footprint::settled_within(const footprint& limit) {
  const auto end = std::chrono::steady_clock::now() + patience;
  footprint seen = now();
  while (!seen.is_within(limit) && std::chrono::steady_clock::now() < end) {
    ::sched_yield();
    seen = now();
  }
  return seen;
}

bool footprint::is_within(const footprint& limit) const noexcept {
  return descriptors <= limit.descriptors && mappings <= limit.mappings && processes <= limit.processes;
}

std::ostream& operator<<(std::ostream& out, const footprint& f) {
  return out << f.descriptors << " descriptors, " << f.mappings << " mappings, " << f.processes << " processes";
}

}  // namespace troupe::test
