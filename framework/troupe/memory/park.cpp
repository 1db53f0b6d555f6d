#include "troupe/memory/park.hpp"

#include "troupe/base/error.hpp"

#include <array>
#include <cerrno>
#include <climits>
#include <linux/futex.h>
#include <string>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace troupe::memory {

namespace {

// Programs that never construct a troupe::system have threads to wait for but no processes: nobody bumps this one.
interrupt::word alone{0};

std::uintptr_t address(const std::atomic<std::uint32_t>& word) { return reinterpret_cast<std::uintptr_t>(&word); }

long wait_on(futex_waitv* words, unsigned count, const timespec* until) {
  return ::syscall(SYS_futex_waitv, words, count, 0, until, CLOCK_MONOTONIC);
}

}  // namespace

namespace interrupt {

constinit std::atomic<word*> own{&alone};

namespace {

constinit std::atomic<void (*)() noexcept> look_after{nullptr};  // relaxed: set before any thread waits

}  // namespace

void use(word& shared, void (*at_nap)() noexcept) noexcept {
  own.store(&shared, std::memory_order_relaxed);
  look_after.store(at_nap, std::memory_order_relaxed);
}

void use_none() noexcept { use(alone, nullptr); }

void raise(word& target) noexcept {
  target.fetch_add(1, std::memory_order_seq_cst);
  unpark_all(target);
}

void raise_own() noexcept { raise(*own.load(std::memory_order_relaxed)); }

}  // namespace interrupt

bool park(const std::atomic<std::uint32_t>& object, std::uint32_t seen, std::uint32_t interrupts_seen, deadline limit) {
  const parking_spot spot{&object, seen};
  return park_on_any({&spot, 1}, interrupts_seen, limit);
}

bool park_on_any(std::span<const parking_spot> objects, std::uint32_t interrupts_seen, deadline limit) {
  const interrupt::word& interrupts = *interrupt::own.load(std::memory_order_relaxed);
  std::array<futex_waitv, most_parking_spots + 1> words;
  words[0] = {interrupts_seen, address(interrupts), FUTEX_32, 0};
  unsigned count = 1;
  for (const parking_spot& spot : objects) words.at(count++) = {spot.seen, address(*spot.word), FUTEX_32, 0};
  auto* const at_nap = interrupt::look_after.load(std::memory_order_relaxed);
  const deadline end = at_nap == nullptr ? limit : limit.earlier(deadline::after(interrupt::longest_nap));
  timespec until{};
  if (!end.is_never()) until = end.monotonic();
  if (wait_on(words.data(), count, end.is_never() ? nullptr : &until) >= 0) return true;
  if (errno == ETIMEDOUT) {
    if (limit.passed()) return false;
    at_nap();
    return true;
  }
  if (errno == EAGAIN || errno == EINTR) return !limit.passed();
  throw_errno("futex_waitv", "shared memory");
}

void unpark_all(const std::atomic<std::uint32_t>& object) noexcept {
  ::syscall(SYS_futex, &object, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void require_park() {
  futex_waitv word{1, address(alone), FUTEX_32, 0};  // `alone` may hold 1 only in a program without a system
  const timespec past{};
  if (wait_on(&word, 1, &past) >= 0 || errno == EAGAIN || errno == ETIMEDOUT) return;
  if (errno == ENOSYS)
    throw error{errc::unsupported, "this kernel has no futex_waitv; troupe needs Linux 5.16 or newer"};
  throw error{errc::unsupported,
              std::string{"this process may not call futex_waitv, without which troupe cannot wait ("}
                  + std::generic_category().message(errno) + "); a filter of system calls (seccomp) must allow it"};
}

}  // namespace troupe::memory
