#include "troupe/process/process_view.hpp"

#include "troupe/process/membership.hpp"
#include "troupe/transport/watched.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <locale>
#include <sched.h>
#include <string_view>
#include <thread>

namespace troupe {

namespace {

class watched_process final : public transport::watched {
 public:
  explicit watched_process(process_id id) noexcept : id_{id} {}
  bool is_ready() override { return tree::membership::current().wait_for_death(id_, deadline::now()); }

 private:
  process_id id_;
};

/// The lowest limit on the way from this process's control group (version 2) to the root.
double processors_of_control_group() {
  std::ifstream groups{"/proc/self/cgroup"};
  std::string group;
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with("0::")) group = line.substr(3);
  double lowest = HUGE_VAL;
  for (;;) {
    std::ifstream limit{"/sys/fs/cgroup" + group + "/cpu.max"};
    limit.imbue(std::locale::classic());
    double quota = 0;  // stays 0 for "max"
    double period = 0;
    if (limit >> quota >> period && period > 0) lowest = std::min(lowest, quota / period);
    const auto parent = group.rfind('/');
    if (group.empty() || parent == std::string::npos) return lowest;
    group.resize(parent);
  }
}

}  // namespace

process_view::process_view(process_id id) : id_{id} {
  const auto& row = tree::membership::current().table().at(id);
  pid_ = row.pid.load(std::memory_order_relaxed);
  name_ = tree::text_of(row.name);
  daemon_ = row.daemon.load(std::memory_order_relaxed) != 0;
}

bool process_view::is_alive() const { return !tree::membership::current().has_ended(id_); }

bool process_view::join_until(deadline limit) const { return tree::membership::current().wait_for_death(id_, limit); }

waitable process_view::sentinel() const { return waitable{std::make_shared<watched_process>(id_)}; }

process_view this_process() { return process_view{tree::membership::current().self()}; }

std::optional<process_view> parent_process() {
  const auto& place = tree::membership::current();
  const process_id parent = place.table().parent_of(place.self().slot);
  if (!parent) return std::nullopt;
  return process_view{parent};
}

std::vector<process_view> active_children() {
  std::vector<process_view> views;
  for (const process_id id : tree::membership::current().children()) views.emplace_back(id);
  return views;
}

unsigned cpu_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int allowed = ::sched_getaffinity(0, sizeof set, &set) == 0
                          ? CPU_COUNT(&set)
                          : static_cast<int>(std::thread::hardware_concurrency());
  const double count = std::min(static_cast<double>(allowed), std::ceil(processors_of_control_group()));
  return static_cast<unsigned>(std::max(count, 1.0));
}

}  // namespace troupe
