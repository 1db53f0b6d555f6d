#include "support/footprint.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sched.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace troupe::test {
namespace {

namespace fs = std::filesystem;

constexpr auto patience = std::chrono::seconds{5};

std::string place_of(int pid) { return "/proc/" + std::to_string(pid); }

/// What follows the name in its status line: the state, the parent, ...
std::string status_of(int pid) {
  std::ifstream file{place_of(pid) + "/stat"};
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= line.size() ? "" : line.substr(name_end + 2);
}

int parent_of(int pid) {
  const std::string status = status_of(pid);
  return status.size() < 2 ? -1 : std::stoi(status.substr(2));
}

template <class Wanted>
std::vector<int> processes_that(Wanted wanted) {
  std::vector<int> found;
  for (const auto& entry : fs::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    const bool is_process = std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    if (is_process && wanted(std::stoi(name))) found.push_back(std::stoi(name));
  }
  return found;
}

std::string name_of(int pid) {
  std::ifstream file{place_of(pid) + "/comm"};
  std::string name;
  std::getline(file, name);
  return name;
}

/// The inode of the control memory of the tree to which a process belongs, or 0.
ino_t tree_of(int pid) {
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator{place_of(pid) + "/fd", gone}) {
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    struct stat file{};
    if (target.starts_with("/memfd:troupe-control") && ::stat(entry.path().c_str(), &file) == 0) return file.st_ino;
  }
  return 0;
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

std::vector<int> servers() {
  const ino_t ours = tree_of(::getpid());
  return processes_that([&](int pid) { return name_of(pid).starts_with("troupe-") && tree_of(pid) == ours; });
}

int waiting_server(std::string_view name) {
  for (const int pid : servers()) {
    if (name_of(pid) != name) continue;
    const bool waits = status_of(pid).starts_with('S');
    if (waits && name_of(pid) == name) return pid;
  }
  return 0;
}

bool runs(int pid) {
  const std::string status = status_of(pid);
  return !status.empty() && status[0] != 'Z' && status[0] != 'X';
}

footprint footprint::now() {
  footprint sum{descriptors_of(::getpid()), mappings_of(::getpid()), 0};
  const std::vector<int> all = servers();
  for (const int server : all) {
    sum.descriptors += descriptors_of(server);
    sum.mappings += mappings_of(server);
  }
  sum.processes =
      processes_that([&](int pid) { return std::find(all.begin(), all.end(), parent_of(pid)) != all.end(); }).size();
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
