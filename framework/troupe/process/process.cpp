#include "troupe/process/process.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/forks.hpp"
#include "troupe/base/log.hpp"
#include "troupe/process/membership.hpp"
#include "troupe/process/process_view.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace troupe {

namespace {

std::string next_default_name() {
  static std::atomic<unsigned> made{0};
  return "process-" + std::to_string(made.fetch_add(1, std::memory_order_relaxed) + 1);
}

}  // namespace

struct process::state {
  std::string name;
  process_options options;     // until start
  std::unique_ptr<body> what;  // likewise
  bool daemon = false;
  bool goes_on = false;
  bool closed = false;
  process_id parent{};           // who started it
  std::uint32_t started_at = 0;  // forks() then
  process_id id{};
  int pid = 0;
  std::optional<troupe::exit_status> end;

  [[nodiscard]] bool is_of_this_tree() const {
    const auto* tree = tree::membership::current_or_null();
    return tree != nullptr && tree->self() == parent;
  }
  [[nodiscard]] bool runs_here() const { return id && !end && started_at == forks() && is_of_this_tree(); }
};

process::process(process_options options, std::unique_ptr<body> what) : state_{std::make_unique<state>()} {
  state_->name = options.name.empty() ? next_default_name() : options.name;
  state_->daemon = options.daemon;
  state_->goes_on = options.on_parent_death == when_orphaned::go_on;
  state_->options = std::move(options);
  state_->what = std::move(what);
}

process::process(process&&) noexcept = default;

process& process::operator=(process&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
  }
  return *this;
}

process::~process() { release(); }

/// Joins if it runs, and lets the table forget it.
void process::release() noexcept {
  if (!state_ || !state_->runs_here()) return;
  try {
    auto& tree = tree::membership::current();
    if (state_->goes_on || (state_->daemon && !tree.end_daemon(state_->id))) return tree.release(state_->id);
    join();
  } catch (const std::exception&) {
    // Only a broken kernel interface gets here; there is nobody to tell, and the fork server still owns the child.
  }
}

process::state& process::present(const char* action) const {
  if (!state_) throw error{errc::not_started, std::string{action} + ": this process object was moved away"};
  if (state_->closed)
    throw error{errc::closed, std::string{action} + ": the object of process " + state_->name + " was closed"};
  return *state_;
}

process::state& process::started(const char* action) const {
  state& s = present(action);
  if (!s.id) throw error{errc::not_started, std::string{action} + ": process " + s.name + " was not started yet"};
  if (s.started_at != forks())
    throw error{errc::not_parent, std::string{action} + ": process " + s.name
                                      + " was started by the process of which this one is a copy; only that may ask"};
  if (!s.is_of_this_tree())
    throw error{errc::no_system,
                std::string{action} + ": process " + s.name + " belonged to a troupe::system that has ended"};
  return s;
}

void process::check_options() const {
  const auto refuse_zeros = [&](const std::string& text, const char* what) {
    if (text.find('\0') != std::string::npos)
      throw error{errc::invalid_argument, "start: process " + state_->name + ": " + what + " holds a zero byte"};
  };
  refuse_zeros(state_->name, "its name");
  refuse_zeros(state_->options.working_directory, "the working directory");
  for (const auto& [name, value] : state_->options.environment) {
    refuse_zeros(name, "a variable of the environment");
    if (value) refuse_zeros(*value, "a variable of the environment");
    if (name.empty() || name.find('=') != std::string::npos)
      throw error{errc::invalid_argument, "start: process " + state_->name
                                              + ": a variable of the environment cannot be named \"" + name + "\""};
  }
}

void process::start() {
  state& s = present("start");
  if (s.id) throw error{errc::already_started, "process " + s.name + " was started before; make a new process object"};
  auto& tree = tree::membership::current();
  check_options();
  const process_options& options = s.options;
  tree::start_settings settings{.exec = options.method == start_method::spawn,
                                .environment = options.environment,
                                .working_directory = options.working_directory,
                                .processors = {options.processors.begin(), options.processors.end()},
                                .nice = options.nice,
                                .limits = {},
                                .least_logged = least_logged()};
  for (const resource_limit& limit : options.limits)
    settings.limits.push_back({limit.resource, limit.soft, limit.hard});
  wire::outgoing_handles handles;
  const wire::buffer encoded = s.what->encode(settings, handles);

  const std::array streams{options.input.open(STDIN_FILENO), options.output.open(STDOUT_FILENO),
                           options.errors.open(STDERR_FILENO)};
  // Through /proc, because "." is refused where this user may not enter the directory that he is in.
  const unique_fd folder{::open("/proc/thread-self/cwd", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) throw_errno("open", "the working directory");
  s.id = tree.start({.name = s.name,
                     .on_parent_death = options.on_parent_death,
                     .daemon = options.daemon,
                     .streams_and_folder = {streams[0].get(), streams[1].get(), streams[2].get(), folder.get()}},
                    encoded.span(), handles);
  s.parent = tree.self();
  s.started_at = forks();
  s.pid = tree.table().at(s.id).pid.load(std::memory_order_relaxed);
  s.what.reset();  // connections that moved to the child end here
  s.options = {};
}

bool process::join_until(deadline limit) {
  if (present("join").end) return true;
  state& s = started("join");
  auto& tree = tree::membership::current();
  if (!tree.wait_for_death(s.id, limit)) return false;
  const tree::end_record how = tree.end_of(s.id);
  s.end = {.code = how.code,
           .dumped_core = how.dumped_core != 0,
           .user_time = std::chrono::microseconds{how.user_us},
           .system_time = std::chrono::microseconds{how.system_us},
           .most_resident = how.most_resident,
           .exception = tree.last_words_of(s.id)};
  tree.release(s.id);
  return true;
}

bool process::is_alive() { return state_ && state_->id && !try_join(); }

std::optional<int> process::exit_code() {
  const auto how = exit_status();
  return how ? std::optional{how->code} : std::nullopt;
}

std::optional<exit_status> process::exit_status() {
  if (present("exit_status").id) (void)try_join();
  return state_->end;
}

std::optional<int> process::pid() const noexcept {
  if (!state_ || !state_->id) return std::nullopt;
  return state_->pid;
}

const std::string& process::name() const noexcept {
  static const std::string moved_away;
  return state_ ? state_->name : moved_away;
}

process_id process::id() const noexcept { return state_ ? state_->id : process_id{}; }

bool process::is_daemon() const noexcept { return state_ && state_->daemon; }

waitable process::sentinel() const { return process_view{started("sentinel").id}.sentinel(); }

void process::signal(const char* action, int number) const {
  const state& s = started(action);
  if (!s.end) tree::membership::current().table().signal(s.id, number);
}

void process::terminate() { signal("terminate", SIGTERM); }
void process::kill() { signal("kill", SIGKILL); }
void process::interrupt() { signal("interrupt", SIGINT); }

void process::close() {
  if (!state_ || state_->closed) return;
  if (state_->id && !try_join())
    throw error{errc::still_running, "close: process " + state_->name + " still runs; join or terminate it first"};
  state_->what.reset();
  state_->closed = true;
}

}  // namespace troupe
