#pragma once

#include <atomic>
#include <cstdint>

namespace troupe {

namespace fork_watch {
extern std::atomic<std::uint32_t> count;
}

/// How many forks lie between the start of the program and this process, as far as they went through `fork()`. An
/// object that one process owns remembers the value it was made under: if it has changed, this is a forked copy, and
/// the original is still in use in the parent.
[[nodiscard]] inline std::uint32_t forks() noexcept {
  // Relaxed: it changes in a new process only, before anything else runs there.
  return fork_watch::count.load(std::memory_order_relaxed);
}

}  // namespace troupe
