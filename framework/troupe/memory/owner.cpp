#include "troupe/memory/owner.hpp"

#include "troupe/base/forks.hpp"

#include <atomic>

namespace troupe::memory::owner {

namespace {

// Set before any thread signs, and cleared after the last one did; relaxed but for the registry itself.
std::atomic<const registry*> tree{nullptr};
std::atomic<word> own{alone};
std::atomic<std::uint32_t> forks_then{0};

}  // namespace

void use(word self, const registry& knows) noexcept {
  own.store(self, std::memory_order_relaxed);
  forks_then.store(forks(), std::memory_order_relaxed);
  tree.store(&knows, std::memory_order_release);
}

void use_none() noexcept {
  tree.store(nullptr, std::memory_order_release);
  own.store(alone, std::memory_order_relaxed);
}

word self() noexcept { return own.load(std::memory_order_relaxed); }

bool is_copy() noexcept { return forks() != forks_then.load(std::memory_order_relaxed); }

bool is_dead(word who) noexcept {
  const registry* knows = tree.load(std::memory_order_acquire);
  return knows != nullptr && who != alone && knows->is_dead(who);
}

std::string describe(word who) {
  const registry* knows = tree.load(std::memory_order_acquire);
  return knows != nullptr ? knows->describe(who) : "a process";
}

}  // namespace troupe::memory::owner
