#include "troupe/process/child.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/log.hpp"
#include "troupe/base/standard_streams.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/process/entry_point.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/process/membership.hpp"
#include "troupe/process/spawned_image.hpp"
#include "troupe/process/start_settings.hpp"
#include "troupe/wire/archive.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

constexpr std::size_t line_room = std::size_t{64} << 10;

/// Ctrl-C is for the first process to handle: the terminal sends it to all. But who sends SIGINT to this process alone
/// means it.
void on_interrupt(int, siginfo_t* info, void*) {
  if (info->si_code == SI_KERNEL) return;
  ::signal(SIGINT, SIG_DFL);
  (void)::raise(SIGINT);
}

void set_signals(const inherited_state& inherited) {
  struct sigaction action{};
  action.sa_sigaction = &on_interrupt;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  inherited.restore();
}

/// Lines stay whole beside those of others: each goes out with one call, once it ends.
void set_line_buffers() {
  static std::array<char, line_room> output;
  static std::array<char, line_room> errors;
  std::setvbuf(stdout, output.data(), _IOLBF, output.size());
  std::setvbuf(stderr, errors.data(), _IOLBF, errors.size());
  std::cerr.unsetf(std::ios::unitbuf);
}

void set_descriptors(const std::vector<unique_fd>& fds) {
  for (const auto& [from, to] : {std::pair{input_descriptor, STDIN_FILENO}, std::pair{output_descriptor, STDOUT_FILENO},
                                 std::pair{error_descriptor, STDERR_FILENO}})
    if (::dup2(fds[from].get(), to) < 0) throw_errno("dup2", "standard stream");
  if (::fchdir(fds[folder_descriptor].get()) != 0) throw_errno("fchdir", "the folder of the parent");
}

/// The request's memory, as far as this process has read it.
class body {
 public:
  body(unique_fd memory, std::uint64_t size) : memory_{memory::region::attach(std::move(memory))}, size_{size} {
    if (size > memory_.size()) throw error{errc::malformed, "a start request is larger than its memory"};
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {memory_.data(), size_}; }

 private:
  memory::region memory_;
  std::uint64_t size_;
};

int run_function(body& what, std::vector<unique_fd> fds) {
  fds.erase(fds.begin(), fds.begin() + fixed_descriptors);
  wire::incoming_handles handles{std::move(fds)};
  wire::load_archive from{what.bytes(), &handles};
  start_settings settings;  // applied before, but for what an exec forgets
  code_ref entry;
  from >> settings >> entry;
  logs::set_least(settings.least_logged);
  log(log_level::info, "starts");
  return entry_point::find(entry)(from);
}

start_settings settings_of(const body& what) {
  wire::load_archive from{what.bytes()};
  start_settings settings;
  from >> settings;
  return settings;
}

/// The end of a member: says how its function ended, in the row of the table and in the log.
int part(membership& place, int code, const std::string& escaped) {
  slot& row = place.table().at(place.self());
  assign(row.last_words, escaped);
  place.leave();
  log(log_level::info, "ends with exit code " + std::to_string(code & 0xff));
  flush_standard_streams();
  row.parting_code.store(code & 0xff, std::memory_order_relaxed);
  row.parted.store(1, std::memory_order_release);
  return code;
}

int run_member(process_table table, newborn child, bool afresh) {
  membership place{std::move(table), child.id, std::move(child.requests_line), std::move(child.life)};
  int code = 1;
  std::string escaped;
  bool is_set_up = false;
  try {
    body what{child.fds[body_descriptor].duplicate(), child.body_size};
    if (!afresh) {
      set_descriptors(child.fds);
      const start_settings settings = settings_of(what);
      settings.apply();
      if (settings.exec) exec_program(place, child);
    }
    is_set_up = true;
    code = run_function(what, std::move(child.fds));
  } catch (...) {
    escaped = current_exception_type() + ": " + current_exception_text();
    log(log_level::error, (is_set_up ? "its function threw " : "could not be set up: ") + escaped);
    if (!is_set_up) escaped = "could not be set up: " + escaped;
  }
  return part(place, code, escaped);
}

}  // namespace

int run_child(process_table table, newborn child) {
  set_signals(child.inherited);
  set_line_buffers();
  ::prctl(PR_SET_NAME, table.at(child.id).name.data());
  return run_member(std::move(table), std::move(child), false);
}

void go_on_if_spawned() {
  auto image = spawned_image();
  if (!image) return;
  image->child.life = life_lock::renew(image->table.fd(), image->child.id.slot, image->child.life);
  set_signals(image->child.inherited);
  set_line_buffers();
  std::exit(run_member(std::move(image->table), std::move(image->child), true));
}

}  // namespace troupe::tree
