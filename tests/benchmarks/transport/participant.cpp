#include "participant.hpp"

#include "clock.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>

namespace bench {
namespace {

// Not measured, so it may sleep: whoever is late needs the core.
void wait_for_all(std::atomic<int>& count) {
  count.fetch_add(1);
  while (count.load() < board().parties) std::this_thread::sleep_for(std::chrono::microseconds{100});
}

}  // namespace

participant::participant(int index, int side, placement where)
    : mine_{board().scores[static_cast<std::size_t>(index)]} {
  std::signal(SIGALRM, SIG_DFL);
  alarm(watchdog_seconds);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin(where, side);
}

void participant::meet() {
  wait_for_all(board().ready);
  restart();
}

void participant::restart() {
  cpu_at_start_ = cpu_time();
  mine_.begin = now();
}

void participant::stop() {
  mine_.end = now();
  mine_.cpu = cpu_time() - cpu_at_start_;
}

void participant::leave() {
  wait_for_all(board().finished);
  mine_.cpu_of_all = cpu_time();
}

int guarded(const std::function<void()>& body) {
  const char* why = "unknown exception";
  try {
    body();
    return 0;
  } catch (const std::exception& e) {
    why = e.what();
    if (!board().complained.exchange(true))
      std::snprintf(board().complaint.data(), board().complaint.size(), "%s", why);
  } catch (...) {
    if (!board().complained.exchange(true))
      std::snprintf(board().complaint.data(), board().complaint.size(), "%s", why);
  }
  return 1;
}

}  // namespace bench
