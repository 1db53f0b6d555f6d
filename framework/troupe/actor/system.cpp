#include "troupe/actor/system.hpp"

#include "troupe/actor/node_core.hpp"
#include "troupe/memory/owner.hpp"
#include "troupe/process/root.hpp"

#include <atomic>
#include <optional>
#include <thread>

namespace troupe {

namespace {

std::atomic<system*> the_one{nullptr};

unsigned thread_count(unsigned wanted) {
  if (wanted != 0) return wanted;
  const unsigned processors = std::thread::hardware_concurrency();
  return processors == 0 ? 1 : processors;
}

}  // namespace

struct system::state {
  tree::root root;
};

system::system(system_options options) {
  if (the_one.load(std::memory_order_acquire) != nullptr)
    throw error{errc::already_started, "this process has a troupe::system already; use troupe::this_system()"};
  actors::node_core::configure(
      {.threads = thread_count(options.threads), .mailbox = options.mailbox, .inbox_wait = options.inbox_wait});
  the_one.store(this, std::memory_order_release);  // before the root: a child never gets further than the next line
  try {
    state_ = std::make_unique<state>();
  } catch (...) {
    the_one.store(nullptr, std::memory_order_release);
    throw;
  }
}

system::~system() {
  if (memory::owner::is_copy()) {
    (void)state_.release();  // NOLINT(bugprone-unused-return-value): it is the original's
    return;
  }
  actors::node_core::shut_down();
  state_.reset();
  the_one.store(nullptr, std::memory_order_release);
}

actors::any_ref system::spawn_erased(std::unique_ptr<actors::actor_base> object, const actors::dispatch_table& table) {
  return actors::node_core::current().spawn(std::move(object), table);
}

node system::start_node(node_options options) { return node{std::move(options)}; }

system& this_system() {
  if (system* here = the_one.load(std::memory_order_acquire)) return *here;
  throw error{errc::no_system,
              "there is no troupe::system, or it has ended; it is constructed as the first line of main"};
}

}  // namespace troupe
