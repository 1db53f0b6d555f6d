#include "troupe/process/child.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/forks.hpp"
#include "troupe/base/log.hpp"
#include "troupe/base/standard_streams.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/process/entry_point.hpp"
#include "troupe/process/life_lock.hpp"
#include "troupe/process/lifeline.hpp"
#include "troupe/process/membership.hpp"
#include "troupe/process/program_image.hpp"
#include "troupe/process/root.hpp"
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

std::uint64_t bits_of(const sigset_t& set) {
  std::uint64_t bits = 0;
  for (int number = 1; number <= 64; ++number)
    if (::sigismember(&set, number) == 1) bits |= std::uint64_t{1} << (number - 1);
  return bits;
}

sigset_t set_of(std::uint64_t bits) {
  sigset_t set;
  ::sigemptyset(&set);
  for (int number = 1; number <= 64; ++number)
    if ((bits >> (number - 1) & 1) != 0) ::sigaddset(&set, number);
  return set;
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

/// The function of a member was over in a copy that fork() made of it: nothing of what a member does at its end is for
/// the copy to do.
[[noreturn]] void leave_copy(int code) {
  flush_standard_streams();
  ::_exit(code);
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

/// What a fresh image needs to go on as this child; `newborn_in` reads it.
[[noreturn]] void become_image(const membership& place, const newborn& child) {
  image_order order{.what = image_order::role::child,
                    .id = child.id,
                    .body_size = child.body_size,
                    .mask = bits_of(child.inherited.mask),
                    .fds = {place.table().fd(), place.life(), place.requests().in.get(), place.requests().out.get()}};
  for (const unique_fd& fd : child.fds) order.fds.push_back(fd.get());
  order.become();
}

newborn newborn_in(const image_order& order, const process_table& table) {
  constexpr std::size_t own = 4;
  if (order.fds.size() < own + fixed_descriptors || !table.holds(order.id))
    throw error{errc::malformed, "TROUPE_SPAWNED is for troupe's own use; unset it"};
  newborn child{.id = order.id,
                .life = unique_fd{order.fds[1]},
                .requests = {unique_fd{order.fds[2]}, unique_fd{order.fds[3]}},
                .body_size = order.body_size,
                .fds = {},
                .inherited = inherited_state::of_this_process()};
  for (std::size_t i = own; i < order.fds.size(); ++i) child.fds.emplace_back(order.fds[i]);
  child.inherited.mask = set_of(order.mask);
  return child;
}

int run_member(process_table table, newborn child, bool afresh) {
  membership place{std::move(table), child.id, std::move(child.requests), std::move(child.life)};
  int code = 1;
  std::string escaped;
  bool is_set_up = false;
  const std::uint32_t forks_before = forks();
  try {
    hang_on(child.fds[lifeline_descriptor].get(), place.table().at(child.id).on_parent_death.load());
    body what{child.fds[body_descriptor].duplicate(), child.body_size};
    if (!afresh) {
      set_descriptors(child.fds);
      const start_settings settings = settings_of(what);
      settings.apply();
      if (settings.exec) become_image(place, child);
    }
    is_set_up = true;
    code = run_function(what, std::move(child.fds));
  } catch (...) {
    escaped = current_exception_type() + ": " + current_exception_text();
    log(log_level::error, (is_set_up ? "its function threw " : "could not be set up: ") + escaped);
    if (!is_set_up) escaped = "could not be set up: " + escaped;
  }
  if (forks() != forks_before) leave_copy(code);
  return part(place, code, escaped);
}

}  // namespace

int run_child(process_table table, newborn child) {
  set_signals(child.inherited);
  set_line_buffers();
  ::prctl(PR_SET_NAME, table.at(child.id).name.data());
  return run_member(std::move(table), std::move(child), false);
}

void go_on_if_ordered() {
  const auto order = image_order::of_this_image();
  if (!order) return;
  if (order->what == image_order::role::servers) serve_anew(*order);
  auto table = process_table::attach(unique_fd{order->fds[0]});
  newborn child = newborn_in(*order, table);
  child.life = life_lock::renew(table.fd(), child.id.slot, child.life);
  set_signals(child.inherited);
  set_line_buffers();
  std::exit(run_member(std::move(table), std::move(child), true));
}

}  // namespace troupe::tree
