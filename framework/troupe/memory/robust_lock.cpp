#include "troupe/memory/robust_lock.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/adaptive_spin.hpp"

#include <cerrno>

namespace troupe::memory {

namespace {

// A try-operation must not fail because somebody is inside for the 100 ns of a copy; nor may a stopped holder keep it.
constexpr auto patience = std::chrono::milliseconds{10};
constexpr int looks = 20;  // of about 200 ns

int lock_mutex_until(pthread_mutex_t& mutex, deadline limit) {
#ifdef __SANITIZE_THREAD__
  // ThreadSanitizer knows pthread_mutex_timedlock but not clocklock; the wall clock is good enough under it.
  const auto left = std::max(limit.when() - deadline::clock::now(), deadline::clock::duration::zero());
  const auto until = std::chrono::system_clock::now().time_since_epoch() + left;
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(until);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(until - whole);
  const timespec when{static_cast<time_t>(whole.count()), static_cast<long>(rest.count())};
  return ::pthread_mutex_timedlock(&mutex, &when);
#else
  const timespec when = limit.monotonic();
  return ::pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &when);
#endif
}

}  // namespace

robust_lock::robust_lock() {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  ::pthread_mutex_init(&mutex_, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
}

void robust_lock::lock() { settle(::pthread_mutex_lock(&mutex_)); }

bool robust_lock::lock_until(deadline limit) {
  int outcome = ::pthread_mutex_trylock(&mutex_);
  // Whoever is inside is there for a copy; sleeping and being woken would take longer.
  for (int i = 0; outcome == EBUSY && i < looks; ++i) {
    for (int k = 0; k < 8; ++k) relax_processor();
    outcome = ::pthread_mutex_trylock(&mutex_);
  }
  if (outcome == EBUSY) {
    if (limit.is_never())
      outcome = ::pthread_mutex_lock(&mutex_);
    else
      outcome = lock_mutex_until(mutex_, limit.passed() ? deadline::after(patience) : limit);
  }
  if (outcome == ETIMEDOUT) return false;
  settle(outcome);
  return true;
}

void robust_lock::unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }

void robust_lock::settle(int outcome) {
  if (outcome == EOWNERDEAD) outcome = ::pthread_mutex_consistent(&mutex_);
  if (outcome == 0) return;
  errno = outcome;
  throw_errno("pthread_mutex_lock", "a lock in shared memory");
}

}  // namespace troupe::memory
