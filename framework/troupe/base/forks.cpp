#include "troupe/base/forks.hpp"

#include <pthread.h>

namespace troupe::fork_watch {

std::atomic<std::uint32_t> count{0};

namespace {

[[maybe_unused]] const int watching =
    ::pthread_atfork(nullptr, nullptr, [] { count.fetch_add(1, std::memory_order_relaxed); });

}  // namespace

}  // namespace troupe::fork_watch
