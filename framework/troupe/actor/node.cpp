#include "troupe/actor/node.hpp"

#include "troupe/actor/guardian.hpp"
#include "troupe/actor/node_core.hpp"
#include "troupe/actor/node_main.hpp"
#include "troupe/actor/unpack.hpp"
#include "troupe/base/log.hpp"
#include "troupe/memory/owner.hpp"
#include "troupe/process/process.hpp"

#include <atomic>
#include <mutex>

namespace troupe {

struct node::state {
  state(process started, actors::any_answer address) : child{std::move(started)}, ready{std::move(address)} {}
  [[nodiscard]] actors::any_ref wait_until_ready();

  process child;
  std::mutex starting;
  std::optional<actors::any_answer> ready;  // guarded by starting; none once the guardian is known
  actors::any_ref guardian;                 // the same
};

namespace {

std::string next_default_name() {
  static std::atomic<unsigned> made{0};
  return "node-" + std::to_string(made.fetch_add(1, std::memory_order_relaxed) + 1);
}

bool is_gone(const error& e) { return e.code() == errc::process_died || e.code() == errc::closed; }

}  // namespace

node::node(node_options options) {
  auto& here = actors::node_core::current();
  const auto pending = here.expect_answer({});
  actors::any_answer ready{pending, deadline::never()};
  const actors::node_settings settings{.threads = options.threads,
                                       .mailbox = options.mailbox,
                                       .inbox_wait_ns = actors::node_core::limits().inbox_wait.length().count(),
                                       .parent = here.self(),
                                       .correlation = pending->correlation};
  const std::string name = options.name.empty() ? next_default_name() : std::move(options.name);
  process child{process_options{.name = name, .daemon = true}, &actors::node_main, settings};
  child.start();
  here.depend(pending->correlation, child.id());
  state_ = std::make_unique<state>(std::move(child), std::move(ready));
}

node::node(node&&) noexcept = default;

node& node::operator=(node&& other) noexcept {
  if (this == &other) return *this;
  node last{std::move(*this)};
  state_ = std::move(other.state_);
  return *this;
}

node::~node() {
  if (!state_ || memory::owner::is_copy()) return;
  try {
    stop();
    join();
  } catch (const std::exception& e) {
    log(log_level::warning, "node " + name() + " does not end in an orderly way: " + e.what());
  }
}

actors::any_ref node::state::wait_until_ready() {
  const std::lock_guard lock{starting};
  if (!guardian.address()) {
    if (!ready) throw error{errc::start_failed, "node " + child.name() + " did not start"};
    auto address = std::exchange(ready, std::nullopt)->take(deadline::never());
    guardian = actors::any_ref::at(actors::unpack<actor_address>(*address));
  }
  return guardian;
}

actors::any_ref node::spawn_erased(const code_ref& what, const wire::buffer& arguments) const {
  const ref<actors::guardian_api> guardian{state_->wait_until_ready()};
  const auto bytes = arguments.span();
  return actors::any_ref::at(guardian.ask(actors::spawn_request{what, {bytes.begin(), bytes.end()}}).get());
}

void node::stop() {
  if (!is_alive()) return;
  try {
    ref<actors::guardian_api>{state_->wait_until_ready()}.tell(actors::end_request{});
  } catch (const error& e) {
    if (!is_gone(e)) throw;
  }
}

void node::terminate() { state_->child.terminate(); }

void node::kill() { state_->child.kill(); }

void node::join() { state_->child.join(); }

bool node::try_join_for(time_span limit) { return state_->child.try_join_for(limit.length()); }

bool node::try_join() { return state_->child.try_join(); }

bool node::is_alive() { return state_->child.is_alive(); }

std::optional<int> node::exit_code() { return state_->child.exit_code(); }

int node::pid() const { return *state_->child.pid(); }

const std::string& node::name() const { return state_->child.name(); }

}  // namespace troupe
