// Nodes that have no address space left.
#include "support/accounts.hpp"
#include "support/catch.hpp"
#include "support/sanitizers.hpp"
#include "troupe/node.hpp"
#include "troupe/process.hpp"

#include <cstdint>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

using namespace bank;
using namespace troupe;
using troupe::test::under_sanitizer;

namespace {

struct limit_space {
  using reply = int;
  std::uint64_t bytes_more = 0;
};
struct grow_api : protocol<limit_space, balance> {};

/// An actor whose process can map nothing large any more, once it is told.
class crowded_one : public actor<grow_api> {
 public:
  int on(const limit_space& m) {
    std::ifstream file{"/proc/self/statm"};
    std::uint64_t pages = 0;
    file >> pages;
    const rlim_t most = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) + m.bytes_more;
    const rlimit limit{most, most};
    return ::setrlimit(RLIMIT_AS, &limit);
  }
  long on(const balance&) { return 7; }
};

int ask_crowded(ref<grow_api> there) {
  try {
    return there.ask(balance{}).get() == 7 ? 1 : 0;
  } catch (const error& e) {
    return e.code() == errc::out_of_memory || e.code() == errc::process_died ? 2 : 3;
  }
}

}  // namespace

TEST_CASE("an ask is answered or fails, however little address space the process of the actor has left") {
  if (under_sanitizer) {
    WARN("skipped: a sanitizer needs address space without a limit");
    return;
  }
  for (const std::uint64_t left : {0ULL, 1ULL << 20, 64ULL << 20, 512ULL << 20, 3ULL << 30, 64ULL << 30}) {
    CAPTURE(left);
    node home = this_system().start_node();
    const auto there = home.spawn<crowded_one>();
    CHECK(there.ask(limit_space{left}).get() == 0);
    CHECK(there.ask(balance{}).get() == 7);  // who was known before can still be answered
    process stranger{ask_crowded, there};
    stranger.start();
    stranger.join();
    CHECK((stranger.exit_code() == 1 || stranger.exit_code() == 2));
    if (left == 64ULL << 30) CHECK(stranger.exit_code() == 1);
    home.kill();
  }
}
