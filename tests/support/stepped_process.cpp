#include "support/stepped_process.hpp"

#include "support/sanitizers.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::test {
namespace {

using clock = std::chrono::steady_clock;

constexpr unsigned life = 30;                        // seconds, from limit_waiting on
constexpr auto patience = std::chrono::seconds{20};  // for anything a healthy process does at once
constexpr int counted_rounds = 3;

// -- the processor ---------------------------------------------------------------------------------------------------

#ifdef __x86_64__
constexpr std::size_t program_counter = offsetof(user_regs_struct, rip);
constexpr std::size_t trap_length = 1;  // by which the program counter is past a trap that was taken
constexpr long trap_mask = 0xff;
constexpr long trap_code = 0xcc;

bool is_system_call(long text) { return (text & 0xffff) == 0x050f; }

/// The length of a string instruction with a repeat prefix; 0 for all others.
std::uint64_t length_of_repeated(long text) {
  std::array<unsigned char, sizeof text> bytes{};
  std::memcpy(bytes.data(), &text, sizeof text);
  bool repeats = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned byte = bytes[i];
    if (byte == 0xf2 || byte == 0xf3) {
      repeats = true;
    } else if (byte != 0x66 && (byte & 0xf0) != 0x40) {
      const bool is_string = (byte >= 0xa4 && byte <= 0xa7) || (byte >= 0xaa && byte <= 0xaf);
      return repeats && is_string ? i + 1 : 0;
    }
  }
  return 0;
}
#else
constexpr std::size_t program_counter = 0;
constexpr std::size_t trap_length = 0;
constexpr long trap_mask = 0;
constexpr long trap_code = 0;
bool is_system_call(long) { return false; }
std::uint64_t length_of_repeated(long) { return 0; }
#endif

// -- the kernel ------------------------------------------------------------------------------------------------------

void* as_pointer(std::uint64_t value) { return reinterpret_cast<void*>(value); }

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error{"stepped process: " + what}; }

void checked(long result, const char* call) {
  if (result < 0) fail(std::string{call} + ": " + std::strerror(errno));
}

char state_of(pid_t pid) {
  std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= line.size() ? 'X' : line[name_end + 2];
}

/// Asks again and again, and lets others run in between.
template <class Question>
bool within_patience(Question question) {
  const auto end = clock::now() + patience;
  while (!question()) {
    if (clock::now() >= end) return false;
    ::sched_yield();
  }
  return true;
}

}  // namespace

const char* why_not_steppable() noexcept {
  if (under_sanitizer) return "what the sanitizer added would be stepped through as well";
#ifdef __x86_64__
  return nullptr;
#else
  return "single-stepping is written for x86-64 only";
#endif
}

[[gnu::noinline]] void trap_into_tracer() noexcept {
#ifdef __x86_64__
  asm volatile("int3" ::: "memory");
#else
  std::raise(SIGTRAP);
#endif
}

void limit_waiting() noexcept { ::alarm(life); }

void wait_until_asleep(pid_t pid) {
  if (!within_patience([pid] { return state_of(pid) == 'S'; })) fail("it never sleeps");
}

stepped_process::~stepped_process() { kill(); }

bool stepped_process::seize(pid_t pid) {
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, PTRACE_O_EXITKILL) != 0) {
    if (errno == EPERM || errno == ENOSYS || errno == EACCES) return false;
    fail(std::string{"PTRACE_SEIZE: "} + std::strerror(errno));
  }
  pid_ = pid;
  return true;
}

/// Whether the process has stopped since it was last let go. With WNOHANG among the options it is not waited for.
bool stepped_process::has_stopped(int options) {
  int status = 0;
  const pid_t got = ::waitpid(pid_, &status, options | __WALL);
  if (got < 0 && errno != EINTR) fail(std::string{"waitpid: "} + std::strerror(errno));
  if (got <= 0) return false;
  if (!WIFSTOPPED(status)) {
    pid_ = 0;
    fail(WIFSIGNALED(status) ? "it was killed by signal " + std::to_string(WTERMSIG(status))
                             : "it ended with exit code " + std::to_string(WEXITSTATUS(status)));
  }
  if (WSTOPSIG(status) == SIGALRM) fail("it does not come to an end");
  if (WSTOPSIG(status) != SIGTRAP) fail("signal " + std::to_string(WSTOPSIG(status)) + " came");
  read_address();
  return true;
}

/// Blocks, and not for ever: see limit_waiting.
void stepped_process::wait_for_stop() {
  while (!has_stopped(0)) {
  }
}

bool stepped_process::sleeps() const { return state_of(pid_) == 'S'; }

void stepped_process::read_address() {
  errno = 0;
  const long value = ::ptrace(PTRACE_PEEKUSER, pid_, program_counter, nullptr);
  if (errno != 0) fail(std::string{"PTRACE_PEEKUSER: "} + std::strerror(errno));
  at_ = static_cast<std::uint64_t>(value);
}

long stepped_process::text_at(std::uint64_t address) const {
  errno = 0;
  const long text = ::ptrace(PTRACE_PEEKTEXT, pid_, as_pointer(address), nullptr);
  if (errno != 0) fail(std::string{"PTRACE_PEEKTEXT: "} + std::strerror(errno));
  return text;
}

void stepped_process::run_to_trap() {
  wait_for_stop();
  trap_ = at_;
}

void stepped_process::interrupt() {
  checked(::ptrace(PTRACE_INTERRUPT, pid_, nullptr, nullptr), "PTRACE_INTERRUPT");
  wait_for_stop();
}

/// Whether the process sleeps instead of stopping.
bool stepped_process::falls_asleep() {
  bool asleep = false;
  if (!within_patience([&] { return has_stopped(WNOHANG) || (asleep = sleeps()); }))
    fail("it neither stops nor sleeps");
  return asleep;
}

stepped_process::stop stepped_process::run_to(std::uint64_t address, bool may_sleep) {
  const long text = text_at(address);
  const long trapped = (text & ~trap_mask) | trap_code;
  checked(::ptrace(PTRACE_POKETEXT, pid_, as_pointer(address), trapped), "PTRACE_POKETEXT");
  checked(::ptrace(PTRACE_CONT, pid_, nullptr, nullptr), "PTRACE_CONT");
  if (!may_sleep)
    wait_for_stop();
  else if (falls_asleep())
    return stop::asleep;  // on another way than past there; the trap stays, for it can only be killed now
  checked(::ptrace(PTRACE_POKETEXT, pid_, as_pointer(address), text), "PTRACE_POKETEXT");
  if (at_ != address + trap_length) {
    if (at_ != trap_) fail("it trapped in an unknown place");
    return stop::trap;
  }
  checked(::ptrace(PTRACE_POKEUSER, pid_, program_counter, address), "PTRACE_POKEUSER");
  at_ = address;
  last_address_ = 0;
  return stop::instruction;
}

stepped_process::stop stepped_process::step(bool may_sleep) {
  const std::uint64_t from = at_;
  rounds_ = from == last_address_ ? rounds_ + 1 : 0;
  last_address_ = from;
  if (rounds_ >= counted_rounds)
    if (const auto length = length_of_repeated(text_at(from)); length != 0) return run_to(from + length);

  const bool watch_sleep = may_sleep && is_system_call(text_at(from));
  checked(::ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr), "PTRACE_SINGLESTEP");
  if (!watch_sleep)
    wait_for_stop();
  else if (falls_asleep())
    return stop::asleep;
  return at_ == trap_ ? stop::trap : stop::instruction;
}

void stepped_process::kill() noexcept {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  // Its parent cannot see a traced process end before we did. SIGKILL does end it, so this wait needs no limit.
  int status = 0;
  while (::waitpid(pid_, &status, __WALL) == pid_ ? WIFSTOPPED(status) : errno == EINTR) {
  }
  pid_ = 0;
}

}  // namespace troupe::test
