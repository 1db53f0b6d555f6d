#pragma once

#include <csignal>
#include <initializer_list>
#include <pthread.h>

namespace troupe {

/// While one exists, no signal that is sent to the process is handled by the calling thread, nor by the threads that it
/// starts meanwhile, for these inherit its mask. What a thread's own fault raises is not blocked: crash handlers and
/// sanitizers must see it.
class signals_blocked {
 public:
  signals_blocked() noexcept {
    sigset_t asynchronous;
    ::sigfillset(&asynchronous);
    for (const int own_fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
      ::sigdelset(&asynchronous, own_fault);
    ::pthread_sigmask(SIG_BLOCK, &asynchronous, &before_);
  }
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;
  ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace troupe
