#include "support/catch.hpp"

#include <csignal>
#include <unistd.h>

TEST_CASE("hangs with every signal blocked") {
  sigset_t every;
  sigfillset(&every);
  REQUIRE(::sigprocmask(SIG_SETMASK, &every, nullptr) == 0);
  REQUIRE(::fork() >= 0);  // so does a child, which holds the output open
  for (;;) ::pause();
}
