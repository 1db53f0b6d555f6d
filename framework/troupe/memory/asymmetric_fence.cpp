#include "troupe/memory/asymmetric_fence.hpp"

#include "troupe/base/forks.hpp"

#include <cstdint>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::memory::asymmetric_fence {

namespace {

long membarrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0); }

constexpr std::uint64_t never = ~std::uint64_t{0};
std::atomic<std::uint64_t> registered_at{never};  // the value of forks() when this process registered

}  // namespace

bool available() noexcept {
  static const bool supported = [] {
    const long commands = membarrier(MEMBARRIER_CMD_QUERY);
    return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0
           && (commands & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0;
  }();
  if (!supported) return false;
  if (registered_at.load(std::memory_order_relaxed) == forks()) return true;  // registering twice would do no harm
  if (membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0) return false;
  registered_at.store(forks(), std::memory_order_relaxed);
  return true;
}

void heavy(bool asymmetric) noexcept {
  __sync_synchronize();
  if (asymmetric) (void)membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);  // cannot fail where it was available
}

}  // namespace troupe::memory::asymmetric_fence
