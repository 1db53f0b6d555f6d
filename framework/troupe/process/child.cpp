#include "troupe/process/child.hpp"

#include "troupe/base/birth_time.hpp"
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
#include "troupe/process/shim.hpp"
#include "troupe/process/start_settings.hpp"
#include "troupe/wire/archive.hpp"
#include "troupe/wire/message.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
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
}

/// What came with the request, as this process reads it.
class order {
 public:
  explicit order(request_body from) : sizes_{from.attributes_size, from.body_size}, bytes_{std::move(from.bytes)} {
    if (from.memory) memory_ = memory::region::attach(std::move(from.memory));
    const std::size_t there = memory_.fd() >= 0 ? memory_.size() : bytes_.size();
    if (sizes_[0] > there || sizes_[1] > there - sizes_[0])
      throw error{errc::malformed, "a start request is shorter than it says"};
  }
  [[nodiscard]] std::span<const std::byte> attributes() const { return {data(), sizes_[0]}; }
  [[nodiscard]] std::span<const std::byte> body() const { return {data() + sizes_[0], sizes_[1]}; }
  /// The same in a memory file.
  [[nodiscard]] request_body in_memory() const {
    request_body same{.attributes_size = sizes_[0], .body_size = sizes_[1], .bytes = {}, .memory = {}};
    const std::size_t size = sizes_[0] + sizes_[1];
    const auto file = memory::region::create("troupe start", std::max<std::size_t>(size, 1), size);
    std::copy_n(data(), size, file.data());
    same.memory = duplicate_of(file.fd());
    if (!same.memory) throw_errno("fcntl(F_DUPFD_CLOEXEC)", "a start request");
    return same;
  }

 private:
  [[nodiscard]] const std::byte* data() const { return memory_.fd() >= 0 ? memory_.data() : bytes_.data(); }

  std::array<std::size_t, 2> sizes_;
  std::vector<std::byte> bytes_;
  memory::region memory_;
};

int run_function(const order& what, std::vector<unique_fd> fds) {
  fds.erase(fds.begin(), fds.begin() + fixed_descriptors);
  wire::incoming_handles handles{std::move(fds)};
  wire::load_archive from{what.body(), &handles};
  start_settings settings;  // applied before, but for what an exec forgets
  code_ref entry;
  from >> settings >> entry;
  logs::set_least(settings.least_logged);
  log(log_level::info, "starts");
  return entry_point::find(entry)(from);
}

start_settings settings_of(const order& what) {
  wire::load_archive from{what.body()};
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
[[noreturn]] void become_image(const membership& place, const newborn& child, const request_body& body) {
  image_order order{.what = image_order::role::child,
                    .id = child.id,
                    .attributes_size = body.attributes_size,
                    .body_size = body.body_size,
                    .fds = {place.table().fd(), place.life(), place.requests().in.get(), place.requests().out.get(),
                            body.memory.get()}};
  ::sigprocmask(SIG_BLOCK, nullptr, &order.mask);
  for (const unique_fd& fd : child.fds) order.fds.push_back(fd.get());
  order.become();
}

newborn newborn_in(const image_order& order, const process_table& table) {
  constexpr std::size_t own = 5;
  if (order.fds.size() < own + fixed_descriptors || !table.holds(order.id))
    throw error{errc::malformed, "TROUPE_SPAWNED is for troupe's own use; unset it"};
  newborn child{.id = order.id,
                .life = unique_fd{order.fds[1]},
                .requests = {unique_fd{order.fds[2]}, unique_fd{order.fds[3]}},
                .body = {order.attributes_size, order.body_size, {}, unique_fd{order.fds[4]}},
                .fds = {},
                .inherited = inherited_state::of_this_process(),
                .settles = std::nullopt};
  for (std::size_t i = own; i < order.fds.size(); ++i) child.fds.emplace_back(order.fds[i]);
  child.inherited.mask = order.mask;
  return child;
}

/// A child of the fork server becomes what its starter is now. Where that cannot be, it ends, and the starter is told
/// to start this process itself.
void settle(const newborn::settlement& how, const order& what, int folder, membership& place) {
  auto& state = place.table().at(place.self()).settling;
  try {
    const auto wanted = wire::decode<process_attributes>(what.attributes());
    // With more privileges than it has, whoever asks is not believed.
    if (wanted.who != how.from.who && wanted.who != credentials::of(how.sender.pid, how.thread))
      throw error{errc::invalid_argument, "the starting process does not say what it is"};
    if (wanted.who == how.from.who && (how.sender.uid != ::getuid() || how.sender.gid != ::getgid()))
      throw error{errc::invalid_argument, "the starting process says to be another user"};
    if (const std::string part = wanted.out_of_reach_from(how.from); !part.empty())
      throw error{errc::unsupported, part + " cannot be given to a child of the fork server"};
    wanted.assume(how.from, folder);
    state.store(is_settled, std::memory_order_release);
    (void)place.call_server();
  } catch (const std::exception& e) {
    log(log_level::info, std::string{"is to be started by its starter itself: "} + e.what());
    state.store(cannot_settle, std::memory_order_release);
    (void)place.call_server();
    ::_exit(0);
  }
}

/// How a member came to be, and what is still to be done for it.
enum class origin : std::uint8_t {
  forked,    ///< by the fork server: everything
  executed,  ///< by one that was forked: nothing
  shimmed,   ///< by its starter, whose attributes it has: what the options say
};

int run_member(process_table table, newborn child, origin how) {
  membership place{std::move(table), child.id, std::move(child.requests), std::move(child.life)};
  int code = 1;
  std::string escaped;
  bool is_set_up = false;
  const std::uint32_t forks_before = forks();
  try {
    hang_on(child.fds[lifeline_descriptor].get(), place.table().at(child.id).on_parent_death.load());
    const order what{std::move(child.body)};
    if (child.settles) settle(*child.settles, what, child.fds[folder_descriptor].get(), place);
    if (how != origin::forked) wire::decode<process_attributes>(what.attributes()).assume_after_exec();
    if (how != origin::executed) {
      set_descriptors(child.fds);
      const start_settings settings = settings_of(what);
      settings.apply();
      if (settings.exec && how == origin::forked) become_image(place, child, what.in_memory());
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
  birth_time::begin();
  set_signals(child.inherited);
  set_line_buffers();
  ::prctl(PR_SET_NAME, table.at(child.id).name.data());
  return run_member(std::move(table), std::move(child), origin::forked);
}

void go_on_if_ordered() {
  auto order = image_order::of_this_image();
  if (!order) return;
  const origin how = order->what == image_order::role::shim ? origin::shimmed : origin::executed;
  if (how == origin::shimmed) fork_from_shim(*order);
  if (order->what == image_order::role::servers) serve_anew(*order);
  auto table = process_table::attach(unique_fd{order->fds[0]});
  newborn child = newborn_in(*order, table);
  child.life = life_lock::renew(table.fd(), child.id.slot, child.life);
  set_signals(child.inherited);
  set_line_buffers();
  ::prctl(PR_SET_NAME, table.at(child.id).name.data());
  std::exit(run_member(std::move(table), std::move(child), how));
}

}  // namespace troupe::tree
