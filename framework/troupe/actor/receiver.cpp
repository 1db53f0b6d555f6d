#include "troupe/actor/receiver.hpp"

#include "troupe/actor/node_core.hpp"
#include "troupe/base/error.hpp"
#include "troupe/base/internal_thread.hpp"
#include "troupe/base/log.hpp"
#include "troupe/memory/park.hpp"

#include <pthread.h>

namespace troupe::actors {

namespace {

thread_local bool on_receiver_thread = false;

// Leaves a blocked `get`.
struct interrupted {};

}  // namespace

bool receiver::is_this_thread() noexcept { return on_receiver_thread; }

receiver::receiver(node_core& home, transport::byte_queue inbox)
    : home_{home}
    , inbox_{std::move(inbox)}
    , thread_{start_internal_thread("what arrives from other processes", [this] { run(); })} {}

receiver::~receiver() {
  inbox_.shutdown(true);
  thread_.join();
}

void receiver::run() noexcept {
  on_receiver_thread = true;
  pthread_setname_np(pthread_self(), "troupe-inbox");
  try {
    for (;;) drain_and_report();
  } catch (const error& e) {
    if (e.code() == errc::end_of_stream) return;  // the inbox was shut down: by our destructor
    log(log_level::error, std::string{"this process hears nothing from others any more: "} + e.what());
  } catch (const std::exception& e) {
    log(log_level::error, std::string{"this process hears nothing from others any more: "} + e.what());
  }
}

void receiver::drain_and_report() {
  const std::uint32_t seen = memory::interrupt::sample();  // before the look: what comes later is seen in the next one
  const auto dead = home_.dead_partners();
  while (auto item = inbox_.get(deadline::now())) home_.deliver(packet{std::move(item->bytes)});
  for (const process_id partner : dead) home_.bury(partner);
  home_.fail_undelivered();

  const auto leave_if_moved = [seen] {
    if (memory::interrupt::sample() != seen) throw interrupted{};
  };
  try {
    while (memory::interrupt::sample() == seen)
      home_.deliver(packet{std::move(inbox_.get(deadline::never(), leave_if_moved)->bytes)});
  } catch (const interrupted&) {
  }
}

}  // namespace troupe::actors
