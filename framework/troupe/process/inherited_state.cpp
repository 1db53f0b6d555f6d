#include "troupe/process/inherited_state.hpp"

#include <initializer_list>

namespace troupe::tree {

inherited_state inherited_state::of_this_process() noexcept {
  inherited_state now;
  ::sigprocmask(SIG_BLOCK, nullptr, &now.mask);
  ::sigaction(SIGCHLD, nullptr, &now.on_child_death);
  ::getrlimit(RLIMIT_NOFILE, &now.files);
  return now;
}

void inherited_state::restore() const noexcept {
  ::sigaction(SIGCHLD, &on_child_death, nullptr);
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
}

void set_up_server() noexcept {
  sigset_t not_for_us;
  ::sigemptyset(&not_for_us);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD}) ::sigaddset(&not_for_us, number);
  ::sigprocmask(SIG_BLOCK, &not_for_us, nullptr);
  struct sigaction usual{};
  usual.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &usual, nullptr);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace troupe::tree
