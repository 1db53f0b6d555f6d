#include "troupe/memory/robust_lock.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/adaptive_spin.hpp"

#include <cerrno>
#include <sched.h>

namespace troupe::memory {

namespace {

// A try-operation must not fail because somebody is inside for the 100 ns of a copy; nor may a stopped holder keep it.
constexpr auto patience = std::chrono::milliseconds{10};
constexpr int looks = 20;  // of about 200 ns

int lock_mutex_until(pthread_mutex_t& mutex, deadline limit) {
#ifdef __SANITIZE_THREAD__
  // ThreadSanitizer knows neither clocklock, nor that a timed lock can be inherited from the dead.
  for (;;) {
    const int result = ::pthread_mutex_trylock(&mutex);
    if (result != EBUSY) return result;
    if (limit.passed()) return ETIMEDOUT;
    ::sched_yield();
  }
#else
  const timespec when = limit.monotonic();
  return ::pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &when);
#endif
}

robust_lock::outcome outcome_of(pthread_mutex_t& mutex, int result) {
  switch (result) {
  case 0: return robust_lock::outcome::locked;
  case EBUSY:
  case ETIMEDOUT: return robust_lock::outcome::timeout;
  case EOWNERDEAD:
    // Consistent at once: what the dead owner left is for us to know, and our own death would say so again.
    ::pthread_mutex_consistent(&mutex);
    return robust_lock::outcome::inherited;
  default: errno = result; throw_errno("pthread_mutex_lock", "a lock in shared memory");
  }
}

}  // namespace

robust_lock::robust_lock(kind which) {
  pthread_mutexattr_t attributes;
  ::pthread_mutexattr_init(&attributes);
  ::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  ::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  if (which == kind::recursive) ::pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  ::pthread_mutex_init(&mutex_, &attributes);
  ::pthread_mutexattr_destroy(&attributes);
}

robust_lock::outcome robust_lock::lock_until(deadline limit) {
  int result = ::pthread_mutex_trylock(&mutex_);
  // Whoever is inside is there for a copy; sleeping and being woken would take longer.
  for (int i = 0; result == EBUSY && i < looks; ++i) {
    for (int k = 0; k < 8; ++k) relax_processor();
    result = ::pthread_mutex_trylock(&mutex_);
  }
  if (result == EBUSY) {
    if (limit.is_never())
      result = ::pthread_mutex_lock(&mutex_);
    else
      result = lock_mutex_until(mutex_, limit.passed() ? deadline::after(patience) : limit);
  }
  return outcome_of(mutex_, result);
}

robust_lock::outcome robust_lock::try_lock() { return outcome_of(mutex_, ::pthread_mutex_trylock(&mutex_)); }

void robust_lock::unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }

}  // namespace troupe::memory
