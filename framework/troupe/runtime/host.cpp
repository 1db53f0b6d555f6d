#include "troupe/runtime/host.hpp"

#include "troupe/base/forks.hpp"
#include "troupe/runtime/race_notes.hpp"

#include <caf/behavior.hpp>
#include <cstdlib>

namespace troupe::runtime {

namespace {

// The engine whose actor has its turn on this thread, where that turn runs, and which actor it is.
struct worker {
  neighbourhood* home = nullptr;
  execution_context* context = nullptr;
  std::uint64_t actor = 0;
};
thread_local worker this_worker;

}  // namespace

neighbourhood* current_neighbourhood() noexcept { return this_worker.home; }
std::uint64_t current_actor() noexcept { return this_worker.actor; }

host::host(caf::actor_config& config, std::shared_ptr<neighbourhood> home, std::uint64_t number,
           std::unique_ptr<behaviour> what, std::size_t capacity)
    : caf::event_based_actor{config}
    , home_{std::move(home)}
    , number_{number}
    , capacity_{capacity}
    , what_{std::move(what)} {}

host::~host() { note_acquire(this); }

// CAF keeps the handler in memory that it hands from thread to thread; `turn` makes that edge known, but only once it
// runs.
caf::behavior host::make_behavior() {
  return {[this](parcel& arrived) TROUPE_NOT_INSTRUMENTED { turn(arrived); }};
}

posted host::post(envelope& message) {
  // A stale `true` only means that CAF drops the message, as if the actor had stopped just before its turn.
  if (!open_.load(std::memory_order_relaxed)) return posted::gone;
  if (message.may_be_refused() && !admit()) return posted::full;
  const auto priority = message.what == kind::stop ? caf::message_priority::high : caf::message_priority::normal;
  auto element = make_element(priority, parcel{std::move(message)});
  note_release(this);
  enqueue(std::move(element), this_worker.home == home_.get() ? this_worker.context : nullptr);
  return posted::yes;
}

// Relaxed is enough for the count: it orders nothing, the mailbox does. The add comes first, so that two posters cannot
// both take the last place.
bool host::admit() noexcept {
  if (waiting_.fetch_add(1, std::memory_order_relaxed) < capacity_) return true;
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void host::turn(parcel& arrived) noexcept {
  note_acquire(this);
  envelope message = std::move(arrived.content);
  const worker outer = this_worker;
  this_worker = {home_.get(), context(), number_};
  if (message.may_be_refused()) waiting_.fetch_sub(1, std::memory_order_relaxed);
  const std::uint32_t forks_before = forks();
  const verdict outcome = handle(message);
  // A handler has forked, and this is the copy: it has nobody to work for, and none of the other threads.
  if (forks() != forks_before) std::_Exit(EXIT_FAILURE);
  if (outcome == verdict::stop) {
    open_.store(false, std::memory_order_relaxed);
    quit();
  }
  this_worker = outer;
  message = envelope{};  // its remains belong to this turn
  note_release(this);
}

verdict host::handle(envelope& message) noexcept {
  switch (message.what) {
  case kind::stop: return verdict::stop;
  case kind::start: return what_->started(cell_access::make(caf::actor_cast<caf::strong_actor_ptr>(this)));
  default: return what_->receive(message);
  }
}

void host::on_exit() {
  note_acquire(this);
  home_->actors.remove(number_);
  what_->stopped();
  what_.reset();
  note_release(this);
}

}  // namespace troupe::runtime
