#include "troupe/process/process_attributes.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <linux/capability.h>
#include <linux/sched/types.h>
#include <string_view>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <tuple>
#include <unistd.h>

namespace troupe::tree {

namespace {

constexpr int last_signal = 64;
constexpr std::array<const char*, 9> namespace_names{"cgroup",           "ipc",  "mnt",  "net", "pid",
                                                     "pid_for_children", "time", "user", "uts"};
constexpr int io_priority_of_process = 1;  // IOPRIO_WHO_PROCESS
constexpr std::size_t most_nodes = 1024;   // of memory

/// A small file of /proc; empty if it cannot be read.
std::string contents_of(const std::string& path) {
  const unique_fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    const ssize_t count = file ? ::read(file.get(), piece.data(), piece.size()) : 0;
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

void write_to(const std::string& path, std::string_view text) {
  const unique_fd file{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw_errno("write", path);
}

/// What /proc/.../status says behind a key.
class status_file {
 public:
  explicit status_file(const std::string& path) : text_{contents_of(path)} {
    if (text_.empty())
      throw error{errc::unsupported,
                  path + " cannot be read: what a child process inherits is not known without /proc"};
  }
  [[nodiscard]] std::string_view line(std::string_view key) const {
    std::string start{"\n"};
    start.append(key).append(":");
    const auto at = text_.find(start);
    if (at == std::string::npos) return {};
    const auto begin = at + start.size();
    return std::string_view{text_}.substr(begin, text_.find('\n', begin) - begin);
  }
  [[nodiscard]] std::vector<std::uint32_t> numbers(std::string_view key) const {
    std::vector<std::uint32_t> all;
    std::string_view rest = line(key);
    for (;;) {
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
      std::uint32_t number = 0;
      const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
      if (problem != std::errc{}) return all;
      all.push_back(number);
      rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    }
  }
  [[nodiscard]] std::uint64_t number(std::string_view key, int base) const {
    std::string_view rest = line(key);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    std::uint64_t number = 0;
    (void)std::from_chars(rest.data(), rest.data() + rest.size(), number, base);
    return number;
  }

 private:
  std::string text_;
};

std::array<std::uint32_t, 4> four(const std::vector<std::uint32_t>& numbers) {
  std::array<std::uint32_t, 4> all{};
  std::copy_n(numbers.begin(), std::min<std::size_t>(numbers.size(), 4), all.begin());
  return all;
}

credentials credentials_in(const status_file& status) {
  return {.users = four(status.numbers("Uid")),
          .groups = four(status.numbers("Gid")),
          .more_groups = status.numbers("Groups"),
          .capabilities = {status.number("CapInh", 16), status.number("CapPrm", 16), status.number("CapEff", 16),
                           status.number("CapBnd", 16), status.number("CapAmb", 16)},
          .no_new_privileges = status.number("NoNewPrivs", 10) != 0};
}

[[noreturn]] void refuse(const char* what) { throw_errno(what, "as the starting process has it"); }

void check(long result, const char* what) {
  if (result < 0) refuse(what);
}

// -- each part: as it is, and how it is set --------------------------------------------------------------------------

std::vector<resource_bounds> present_limits() {
  std::vector<resource_bounds> all;
  for (int i = 0; i < RLIM_NLIMITS; ++i) {
    rlimit now{};
    (void)::getrlimit(static_cast<__rlimit_resource>(i), &now);
    all.push_back({now.rlim_cur, now.rlim_max});
  }
  return all;
}

void set_limits(const std::vector<resource_bounds>& wanted, const std::vector<resource_bounds>& from) {
  for (std::size_t i = 0; i < wanted.size() && i < from.size(); ++i) {
    if (wanted[i] == from[i]) continue;
    const rlimit both{wanted[i].soft, wanted[i].hard};
    check(::setrlimit(static_cast<__rlimit_resource>(i), &both), "setrlimit");
  }
}

std::array<std::uint64_t, 7> present_schedule() {
  std::array<std::uint64_t, 7> bytes{};
  static_assert(sizeof(sched_attr) <= sizeof bytes);
  (void)::syscall(SYS_sched_getattr, 0, bytes.data(), sizeof(sched_attr), 0);
  return bytes;
}

void set_schedule(std::array<std::uint64_t, 7> wanted) {
  check(::syscall(SYS_sched_setattr, 0, wanted.data(), 0), "sched_setattr");
}

std::vector<std::uint64_t> present_processors() {
  std::vector<std::uint64_t> mask(128);  // 8,192 processors
  const long bytes = ::syscall(SYS_sched_getaffinity, 0, mask.size() * sizeof(std::uint64_t), mask.data());
  mask.resize(bytes < 0 ? 0 : static_cast<std::size_t>(bytes) / sizeof(std::uint64_t));
  return mask;
}

void set_processors(const std::vector<std::uint64_t>& wanted) {
  check(::syscall(SYS_sched_setaffinity, 0, wanted.size() * sizeof(std::uint64_t), wanted.data()), "sched_setaffinity");
}

std::pair<std::int32_t, std::vector<std::uint64_t>> present_memory_policy() {
  int policy = 0;
  std::vector<std::uint64_t> nodes(most_nodes / 64);
  if (::syscall(SYS_get_mempolicy, &policy, nodes.data(), most_nodes, nullptr, 0) != 0) return {};
  return {policy, std::move(nodes)};
}

std::uint64_t present_mask() {
  std::uint64_t mask = 0;
  (void)::syscall(SYS_rt_sigprocmask, SIG_BLOCK, nullptr, &mask, sizeof mask);
  return mask;
}

std::uint64_t bits_of(const sigset_t& set) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &set, sizeof bits);
  return bits;
}

std::vector<disposition> present_signals(std::uint64_t ignored, std::uint64_t caught) {
  std::vector<disposition> all;
  for (int number = 1; number <= last_signal; ++number) {
    const std::uint64_t bit = std::uint64_t{1} << (number - 1);
    struct sigaction action{};
    if (number == SIGINT || ((ignored | caught) & bit) == 0 || ::sigaction(number, nullptr, &action) != 0) continue;
    disposition one{.signal = number, .ignored = action.sa_handler == SIG_IGN};
    if (action.sa_handler == SIG_DFL) continue;  // it changed meanwhile
    if (!one.ignored) {
      one.flags = static_cast<std::uint32_t>(action.sa_flags);
      one.mask = bits_of(action.sa_mask);
      try {
        one.handler = code_ref::of(reinterpret_cast<const void*>(action.sa_sigaction));
      } catch (const error&) {
        continue;  // code that no other process has
      }
    }
    all.push_back(one);
  }
  return all;
}

void set_signal(const disposition& wanted) {
  struct sigaction action{};
  action.sa_handler = wanted.ignored ? SIG_IGN : SIG_DFL;
  if (!wanted.ignored && wanted.handler.module != 0) {
    // A handler in a library that was loaded after the fork server began is not there: the default, as after an exec.
    try {
      action.sa_sigaction =
          reinterpret_cast<decltype(action.sa_sigaction)>(const_cast<void*>(wanted.handler.resolve()));
      action.sa_flags = static_cast<int>(wanted.flags);
      std::memcpy(&action.sa_mask, &wanted.mask, sizeof wanted.mask);
    } catch (const error&) {
      action.sa_handler = SIG_DFL;
    }
  }
  check(::sigaction(wanted.signal, &action, nullptr), "sigaction");
}

void set_signals(const std::vector<disposition>& wanted, const std::vector<disposition>& from) {
  const auto is_one_of = [](const std::vector<disposition>& all, int signal) {
    return std::any_of(all.begin(), all.end(), [&](const disposition& d) { return d.signal == signal; });
  };
  for (const disposition& now : from)
    if (!is_one_of(wanted, now.signal)) set_signal({.signal = now.signal});
  for (const disposition& one : wanted)
    if (std::find(from.begin(), from.end(), one) == from.end()) set_signal(one);
}

std::string present_environment() {
  std::string all;
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
    all.append(*variable).push_back('\0');
  return all;
}

void set_environment(const std::string& wanted) {
  (void)::clearenv();
  for (std::size_t at = 0; at < wanted.size(); at += std::strlen(wanted.c_str() + at) + 1) {
    const std::string variable = wanted.c_str() + at;
    const auto end = variable.find('=');
    if (end != std::string::npos)
      check(::setenv(variable.substr(0, end).c_str(), variable.c_str() + end + 1, 1), "setenv");
  }
}

/// Which directory that is, mounted where; nothing for one that this process may not even look at.
std::vector<std::uint64_t> directory_at(const char* path) {
  struct statx info{};
  if (::statx(AT_FDCWD, path, 0, STATX_INO | STATX_MNT_ID, &info) != 0) return {};
  return {info.stx_mnt_id, info.stx_ino, info.stx_dev_major, info.stx_dev_minor};
}

std::vector<std::string> present_namespaces() {
  std::vector<std::string> all;
  const unique_fd folder{::open("/proc/thread-self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  std::array<char, 64> text;
  for (const char* name : namespace_names) {
    const ssize_t size = ::readlinkat(folder.get(), name, text.data(), text.size());
    all.emplace_back(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  return all;
}

// -- who it is -------------------------------------------------------------------------------------------------------

void set_capabilities(const std::array<std::uint64_t, 5>& wanted) {
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  for (int i = 0; i < 2; ++i) {
    const auto half = [&](std::size_t set) { return static_cast<std::uint32_t>(wanted[set] >> (32 * i)); };
    data[i] = {.effective = half(2), .permitted = half(1), .inheritable = half(0)};
  }
  check(::syscall(SYS_capset, &head, data), "capset");
  check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl(PR_CAP_AMBIENT)");
  for (unsigned number = 0; number < 64; ++number)
    if ((wanted[4] >> number & 1) != 0)
      check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0), "prctl(PR_CAP_AMBIENT)");
}

/// With the privileges of `from`, the last of which go at the end.
void become(const credentials& wanted, const credentials& from, std::uint32_t secure_bits) {
  for (unsigned number = 0; number < 64; ++number)
    if ((from.capabilities[3] >> number & 1) != 0 && (wanted.capabilities[3] >> number & 1) == 0)
      check(::prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "prctl(PR_CAPBSET_DROP)");
  if (wanted.more_groups != from.more_groups)
    check(::syscall(SYS_setgroups, wanted.more_groups.size(), wanted.more_groups.data()), "setgroups");
  check(::syscall(SYS_setresgid, wanted.groups[0], wanted.groups[1], wanted.groups[2]), "setresgid");
  (void)::syscall(SYS_setfsgid, wanted.groups[3]);
  check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl(PR_SET_KEEPCAPS)");  // what is kept is set below
  check(::syscall(SYS_setresuid, wanted.users[0], wanted.users[1], wanted.users[2]), "setresuid");
  (void)::syscall(SYS_setfsuid, wanted.users[3]);
  check(::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0), "prctl(PR_SET_KEEPCAPS)");
  if (static_cast<std::uint32_t>(::prctl(PR_GET_SECUREBITS)) != secure_bits)
    check(::prctl(PR_SET_SECUREBITS, secure_bits, 0, 0, 0), "prctl(PR_SET_SECUREBITS)");
  set_capabilities(wanted.capabilities);
  if (wanted.no_new_privileges && !from.no_new_privileges)
    check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)");
}

}  // namespace

credentials credentials::of(pid_t process, pid_t thread) {
  return credentials_in(
      status_file{"/proc/" + std::to_string(process) + "/task/" + std::to_string(thread) + "/status"});
}

process_attributes process_attributes::of_this_thread() {
  const status_file status{"/proc/thread-self/status"};
  process_attributes now;
  now.who = credentials_in(status);
  now.secure_bits = static_cast<std::uint32_t>(std::max(::prctl(PR_GET_SECUREBITS), 0));
  now.umask = static_cast<std::uint32_t>(status.number("Umask", 8));
  now.process_group = static_cast<std::uint32_t>(::getpgrp());
  now.limits = present_limits();
  now.schedule = present_schedule();
  now.io_priority = static_cast<std::int32_t>(::syscall(SYS_ioprio_get, io_priority_of_process, 0));
  now.processors = present_processors();
  std::tie(now.memory_policy, now.memory_nodes) = present_memory_policy();
  now.timer_slack = static_cast<std::uint64_t>(std::max(::prctl(PR_GET_TIMERSLACK), 0));
  now.personality = static_cast<std::uint32_t>(::personality(0xffffffff));
  now.no_huge_pages = ::prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) > 0;
  now.out_of_memory_adjustment = contents_of("/proc/self/oom_score_adj");
  now.core_dump_filter = contents_of("/proc/self/coredump_filter");
  now.blocked_signals = present_mask();
  now.signals = present_signals(status.number("SigIgn", 16), status.number("SigCgt", 16));
  now.environment = present_environment();
  now.working_directory = directory_at("/proc/thread-self/cwd");
  now.session = static_cast<std::uint32_t>(::getsid(0));
  now.root_directory = directory_at("/");
  now.namespaces = present_namespaces();
  now.control_group = contents_of("/proc/thread-self/cgroup");
  now.system_call_filters = std::string{status.line("Seccomp")} + std::string{status.line("Seccomp_filters")};
  now.security_label = contents_of("/proc/thread-self/attr/current");
  return now;
}

bool process_attributes::has_other_pid_namespace_for_children() const {
  const auto named = [&](std::string_view name) {
    const auto at = std::find(namespace_names.begin(), namespace_names.end(), name) - namespace_names.begin();
    return namespaces.at(static_cast<std::size_t>(at));
  };
  return named("pid") != named("pid_for_children");
}

std::string process_attributes::out_of_reach_from(const process_attributes& from) const {
  if (session != from.session) return "its session";
  if (root_directory != from.root_directory) return "its root directory";
  if (namespaces != from.namespaces) return "its namespaces";
  if (control_group != from.control_group) return "its control group";
  if (system_call_filters != from.system_call_filters) return "its filters of system calls";
  if (security_label != from.security_label) return "its security label";
  if (from.who.no_new_privileges && !who.no_new_privileges) return "its right to gain privileges";
  return {};
}

void process_attributes::assume(const process_attributes& from, int folder) const {
  if (working_directory != from.working_directory && folder >= 0) check(::fchdir(folder), "fchdir");
  if (out_of_memory_adjustment != from.out_of_memory_adjustment)
    write_to("/proc/self/oom_score_adj", out_of_memory_adjustment);
  if (core_dump_filter != from.core_dump_filter) write_to("/proc/self/coredump_filter", "0x" + core_dump_filter);
  set_limits(limits, from.limits);
  if (schedule != from.schedule) set_schedule(schedule);
  if (io_priority != from.io_priority)
    check(::syscall(SYS_ioprio_set, io_priority_of_process, 0, io_priority), "ioprio_set");
  if (processors != from.processors) set_processors(processors);
  if (memory_policy != from.memory_policy || memory_nodes != from.memory_nodes)
    check(::syscall(SYS_set_mempolicy, memory_policy, memory_nodes.data(), memory_nodes.empty() ? 0 : most_nodes),
          "set_mempolicy");
  if (timer_slack != from.timer_slack)
    check(::prctl(PR_SET_TIMERSLACK, timer_slack, 0, 0, 0), "prctl(PR_SET_TIMERSLACK)");
  if (personality != from.personality) check(::personality(personality), "personality");
  if (no_huge_pages != from.no_huge_pages)
    check(::prctl(PR_SET_THP_DISABLE, no_huge_pages ? 1 : 0, 0, 0, 0), "prctl(PR_SET_THP_DISABLE)");
  if (process_group != from.process_group) check(::setpgid(0, static_cast<pid_t>(process_group)), "setpgid");
  set_signals(signals, from.signals);
  check(::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked_signals, nullptr, sizeof blocked_signals), "sigprocmask");
  if (environment != from.environment) set_environment(environment);
  if (umask != from.umask) (void)::umask(umask);
  if (who != from.who || secure_bits != from.secure_bits) become(who, from.who, secure_bits);
}

void process_attributes::assume_after_exec() const {
  const credentials now = credentials::of(::getpid(), ::getpid());
  if (who != now) become(who, now, secure_bits);
}

std::uint64_t hash_of(std::span<const std::byte> encoded) noexcept {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(encoded.data()), encoded.size()});
}

}  // namespace troupe::tree
