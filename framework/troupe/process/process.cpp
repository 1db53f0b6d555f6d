#include "troupe/process/process.hpp"

#include "troupe/base/error.hpp"
#include "troupe/process/member.hpp"
#include "troupe/process/membership.hpp"
#include "troupe/transport/watched.hpp"

#include <atomic>
#include <csignal>

namespace troupe {

namespace {

std::string next_default_name() {
  static std::atomic<unsigned> made{0};
  return "process-" + std::to_string(made.fetch_add(1, std::memory_order_relaxed) + 1);
}

}  // namespace

struct process::state {
  std::string name;
  std::unique_ptr<body> what;  // until start
  process_id id{};
  int pid = 0;
  std::optional<int> exit_code;
};

process::process(process_options options, std::unique_ptr<body> what) : state_{std::make_unique<state>()} {
  state_->name = options.name.empty() ? next_default_name() : std::move(options.name);
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
  if (!state_ || !state_->id || tree::membership::current_or_null() == nullptr) return;
  try {
    join();
  } catch (const std::exception&) {
    // Only a broken kernel interface gets here; there is nobody to tell, and the fork server still owns the child.
  }
}

process::state& process::started(const char* action) const {
  if (!state_) throw error{errc::not_started, std::string{action} + ": this process object was moved away"};
  if (!state_->id)
    throw error{errc::not_started, std::string{action} + ": process " + state_->name + " was not started yet"};
  return *state_;
}

void process::start() {
  if (!state_) throw error{errc::not_started, "start: this process object was moved away"};
  if (state_->id)
    throw error{errc::already_started, "process " + state_->name + " was started before; make a new process object"};
  auto& tree = tree::membership::current();
  wire::outgoing_handles handles;
  const wire::buffer encoded = state_->what->encode(handles);
  const auto born = tree.start(state_->name, encoded.span(), handles);
  state_->id = born.id;
  state_->pid = born.pid;
  state_->what.reset();  // connections that moved to the child end here
}

bool process::join_until(deadline limit) {
  state& s = started("join");
  if (s.exit_code) return true;
  auto& tree = tree::membership::current();
  if (!tree.wait_for_death(s.id, limit)) return false;
  s.exit_code = tree.exit_status(s.id);
  tree.table().at(s.id).released.store(1, std::memory_order_release);
  return true;
}

bool process::is_alive() { return state_ && state_->id && !try_join(); }

std::optional<int> process::exit_code() {
  if (state_ && state_->id) (void)try_join();
  return state_ ? state_->exit_code : std::nullopt;
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

namespace {

class watched_process final : public transport::watched {
 public:
  explicit watched_process(process_id id) noexcept : id_{id} {}
  bool is_ready() override {
    return tree::is_dead(id_) && tree::membership::current().wait_for_death(id_, deadline::now());
  }

 private:
  process_id id_;
};

}  // namespace

waitable process::sentinel() const { return waitable{std::make_shared<watched_process>(started("sentinel").id)}; }

void process::terminate() {
  const state& s = started("terminate");
  if (!s.exit_code) tree::membership::current().signal(s.id, SIGTERM);
}

void process::kill() {
  const state& s = started("kill");
  if (!s.exit_code) tree::membership::current().signal(s.id, SIGKILL);
}

}  // namespace troupe
