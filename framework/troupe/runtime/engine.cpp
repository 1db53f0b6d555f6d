#include "troupe/runtime/engine.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/internal_thread.hpp"
#include "troupe/runtime/host.hpp"

#include <mutex>
#include <set>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace troupe::runtime {

namespace {

#if TROUPE_CAF_017
constexpr unsigned own_threads_of_caf = 2;  // its clock, and one that prints
#else
constexpr unsigned own_threads_of_caf = 3;  // and one that it keeps for blocking actors
#endif
constexpr unsigned for_the_inbox = 1;

// A joined thread counts against the limits for a moment longer: until the kernel does not know it any more.
void wait_until_unknown(pid_t thread) {
  while (::syscall(SYS_tgkill, ::getpid(), thread, 0) == 0) std::this_thread::yield();
}

/// Starts `count` threads at once, and ends them. CAF does not outlive it when one of its threads is refused, so
/// whether they can be had is tried before.
void try_threads(unsigned count) {
  std::mutex gate;
  std::vector<std::thread> tried;
  std::vector<pid_t> ids;  // guarded by gate
  tried.reserve(count);
  ids.reserve(count);
  std::error_code refused;
  {
    const std::lock_guard closed{gate};
    try {
      while (tried.size() < count)
        tried.emplace_back([&] {
          const std::lock_guard open{gate};
          ids.push_back(static_cast<pid_t>(::syscall(SYS_gettid)));
        });
    } catch (const std::system_error& e) {
      refused = e.code();
    }
  }
  for (std::thread& one : tried) one.join();
  for (const pid_t one : ids) wait_until_unknown(one);
  if (refused)
    throw_no_thread(refused, "actors (number " + std::to_string(tried.size() + 1) + " of the " + std::to_string(count)
                                 + " that this process needs for them)");
}

[[nodiscard]] unsigned at_least_one(unsigned count) noexcept { return count == 0 ? 1 : count; }

}  // namespace

struct engine::state {
  explicit state(unsigned threads)
      : home{std::make_shared<neighbourhood>(threads)}
      , config{(announce_types(), threads)}
      , system{config} {}

  const std::shared_ptr<neighbourhood> home;
  engine_config config;
  caf::actor_system system;
};

engine::engine(unsigned threads) {
  try_threads(at_least_one(threads) + own_threads_of_caf + for_the_inbox);
  state_ = std::make_unique<state>(at_least_one(threads));
}

engine::~engine() { shut_down(); }

cell engine::spawn(std::unique_ptr<behaviour> what, std::size_t capacity) {
  const auto number = state_->home->last_id.fetch_add(1, std::memory_order_relaxed) + 1;
  // Lazy: it has no turn before its start message, so it cannot end before it is in the roster.
  const auto started =
      state_->system.spawn<host, caf::lazy_init>(state_->home, number, std::move(what), capacity == 0 ? 1 : capacity);
  cell actor = cell_access::make(caf::actor_cast<caf::strong_actor_ptr>(started));
  const bool listed = state_->home->actors.add(actor);
  envelope first;
  first.what = listed ? kind::start : kind::stop;
  static_cast<void>(actor.post(std::move(first)));  // a running actor refuses neither
  if (!listed) throw error{errc::closed, "an actor cannot be started: this process's actor system is shutting down"};
  return actor;
}

cell engine::find(std::uint64_t id) const { return state_->home->actors.find(id); }

std::size_t engine::actors() const { return state_->home->actors.size(); }

unsigned engine::threads() const noexcept { return state_->home->threads; }

void engine::shut_down() {
  for (const cell& actor : state_->home->actors.close()) {
    envelope end;
    end.what = kind::stop;
    static_cast<void>(actor.post(std::move(end)));  // gone is as good
  }
  state_->system.await_all_actors_done();
}

// -- waiting ---------------------------------------------------------------------------------------------------------

namespace {

constexpr auto not_yet = [] { return false; };

}  // namespace

blocking_wait::blocking_wait() : blocking_wait{0, not_yet} {}

blocking_wait::blocking_wait(std::uint64_t whom, function_ref<bool()> over)
    : home_{current_neighbourhood()}
    , who_{current_actor()}
    , whom_{whom}
    , over_{over} {
  if (home_ == nullptr) return;
  const std::lock_guard lock{home_->waits_mutex};
  if (!over_()) {
    throw_if_in_a_circle();
    throw_if_no_thread_is_left();
  }
  home_->waits.push_back(this);
}

blocking_wait::~blocking_wait() {
  if (home_ == nullptr) return;
  const std::lock_guard lock{home_->waits_mutex};
  std::erase(home_->waits, this);
}

/// Whoever is listed runs nothing until it has left the list, for which it needs the mutex: so what each waits for
/// cannot change while the chain is followed.
void blocking_wait::throw_if_in_a_circle() const {
  for (std::uint64_t at = whom_; at != 0; at = awaited_by(at))
    if (at == who_)
      throw error{errc::invalid_argument,
                  "an actor waits without a limit for an answer that can only come when it has stopped waiting: "
                      + (whom_ == who_ ? std::string{"it asked itself"}
                                       : "it asked an actor of its own process that waits, perhaps through others, for "
                                         "its own answer")
                      + ". Use tell, or a call of its own function, or give the wait a limit"};
}

/// 0: nobody.
std::uint64_t blocking_wait::awaited_by(std::uint64_t actor) const {
  for (const blocking_wait* other : home_->waits)
    if (other->who_ == actor && !other->over_()) return other->whom_;
  return 0;
}

void blocking_wait::throw_if_no_thread_is_left() const {
  std::set<std::uint64_t> waiting{who_};  // actors: one may have several waits, one inside the other
  for (const blocking_wait* other : home_->waits)
    if (!other->over_()) waiting.insert(other->who_);
  if (waiting.size() < home_->threads) return;
  throw error{errc::invalid_argument,
              "a handler waits for what an actor of its own process has to do, and so does every other of its "
                  + std::to_string(home_->threads)
                  + " actor threads: none is left to answer. Give the wait a limit, or the process more threads"};
}

}  // namespace troupe::runtime
