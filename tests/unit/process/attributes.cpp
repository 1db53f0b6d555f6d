// A child is what its starter is at that moment, whichever way it is started: the table in docs/guarantees.md, row by
// row.
#include "support/catch.hpp"
#include "support/sanitizers.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <grp.h>
#include <iterator>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <map>
#include <poll.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace troupe;
using troupe::test::under_sanitizer;

namespace {

using description = std::map<std::string, std::string>;

std::string contents_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string link_of(const std::string& path) {
  std::array<char, PATH_MAX> text;
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  return size < 0 ? "?" : std::string(text.data(), static_cast<std::size_t>(size));
}

/// All that fork hands down, as this process has it, by other ways than the library's.
description describe_self() {
  description self;
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    for (const std::string key :
         {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Umask", "Seccomp",
          "Seccomp_filters", "SigBlk", "Cpus_allowed", "Mems_allowed"})
      if (line.starts_with(key + ":")) self[key] = line.substr(key.size() + 1);
  self["limits"] = contents_of("/proc/self/limits");
  self["oom_score_adj"] = contents_of("/proc/self/oom_score_adj");
  self["coredump_filter"] = contents_of("/proc/self/coredump_filter");
  self["cgroup"] = contents_of("/proc/self/cgroup");
  self["nice"] = std::to_string(::getpriority(PRIO_PROCESS, 0));
  self["policy"] = std::to_string(::sched_getscheduler(0));
  self["ioprio"] = std::to_string(::syscall(SYS_ioprio_get, 1, 0));
  self["timer slack"] = std::to_string(::prctl(PR_GET_TIMERSLACK));
  self["personality"] = std::to_string(::personality(0xffffffff));
  self["huge pages"] = std::to_string(::prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  self["securebits"] = std::to_string(::prctl(PR_GET_SECUREBITS));
  self["process group"] = std::to_string(::getpgrp());
  self["session"] = std::to_string(::getsid(0));
  self["cwd"] = link_of("/proc/self/cwd");
  self["X"] = std::getenv("TROUPE_TEST_X") != nullptr ? std::getenv("TROUPE_TEST_X") : "none";
  struct sigaction usr1{};
  struct sigaction usr2{};
  ::sigaction(SIGUSR1, nullptr, &usr1);
  ::sigaction(SIGUSR2, nullptr, &usr2);
  self["SIGUSR1"] = usr1.sa_handler == SIG_IGN ? "ignored" : "not ignored";
  self["SIGUSR2"] = usr2.sa_handler == SIG_DFL ? "default" : "handled";
  for (const std::string name : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"})
    self["namespace " + name] = link_of("/proc/self/ns/" + name);
  struct stat root{};
  ::stat("/", &root);
  self["root"] = std::to_string(root.st_ino) + " " + std::to_string(root.st_dev);
  return self;
}

int describe_to(queue<description> to) {
  to.put(describe_self());
  return 7;
}

void handler(int) {}

using change = bool (*)();  // false: this machine or user may not

bool nothing() { return true; }
bool variable() { return ::setenv("TROUPE_TEST_X", "new", 1) == 0; }
bool mask_of_files() {
  ::umask(0131);
  return true;
}
bool limits() {
  const rlimit files{77, 99};
  const rlimit core{0, 0};
  return ::setrlimit(RLIMIT_NOFILE, &files) == 0 && ::setrlimit(RLIMIT_CORE, &core) == 0;
}
bool niceness() { return ::setpriority(PRIO_PROCESS, 0, 7) == 0; }
bool policy() {
  const sched_param none{};
  return ::sched_setscheduler(0, SCHED_BATCH, &none) == 0;
}
bool io_priority() { return ::syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6) == 0; }
bool processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(::sched_getcpu(), &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}
bool slack() { return ::prctl(PR_SET_TIMERSLACK, 123456) == 0; }
bool persona() { return ::personality(ADDR_NO_RANDOMIZE) >= 0; }
bool huge_pages() { return ::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0; }
bool out_of_memory() {
  std::ofstream{"/proc/self/oom_score_adj"} << 321;
  return contents_of("/proc/self/oom_score_adj") == "321\n";
}
bool core_filter() {
  std::ofstream{"/proc/self/coredump_filter"} << "0x11";
  return true;
}
bool blocked_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR2);
  return ::sigprocmask(SIG_BLOCK, &set, nullptr) == 0;
}
bool ignored_signal() { return ::signal(SIGUSR1, SIG_IGN) != SIG_ERR; }
bool process_group() { return ::setpgid(0, 0) == 0; }
bool directory() { return ::chdir("/usr") == 0; }
bool closed_directory() {
  const auto place = std::filesystem::temp_directory_path() / ("troupe-closed-" + std::to_string(::getpid()));
  return ::mkdir(place.c_str(), 0700) == 0 && ::chdir(place.c_str()) == 0 && ::rmdir(place.c_str()) == 0;
}
bool no_new_privileges() { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0; }
bool another_user() {
  const std::array<gid_t, 2> groups{65533, 65532};
  return ::setgroups(groups.size(), groups.data()) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0;
}
bool another_user_for_now() { return ::setegid(65534) == 0 && ::seteuid(65534) == 0; }
bool another_user_in_a_place_of_roots() {
  const auto place = std::filesystem::temp_directory_path() / ("troupe-roots-" + std::to_string(::getpid()));
  return ::mkdir(place.c_str(), 0700) == 0 && ::chdir(place.c_str()) == 0 && ::rmdir(place.c_str()) == 0
         && another_user();
}
bool fewer_capabilities() {
  if (::prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) != 0) return false;
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  if (::syscall(SYS_capget, &head, data) != 0) return false;
  for (auto* set : {&data[0].effective, &data[0].permitted}) *set &= ~(1U << CAP_SYS_ADMIN | 1U << CAP_NET_ADMIN);
  return ::syscall(SYS_capset, &head, data) == 0;
}
bool session() { return ::setsid() >= 0; }
bool network() { return ::unshare(CLONE_NEWNET) == 0; }
bool names_of_host() { return ::unshare(CLONE_NEWUTS) == 0; }
bool mounts() { return ::unshare(CLONE_NEWNS) == 0; }
bool filter_of_calls() {
  sock_filter allow_all[]{BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{1, allow_all};
  return no_new_privileges() && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct row {
  std::string_view name;
  change what;
};
constexpr std::array rows{
    row{"nothing", nothing},
    row{"environment", variable},
    row{"umask", mask_of_files},
    row{"working directory", directory},
    row{"a working directory that is gone", closed_directory},
    row{"limits", limits},
    row{"nice", niceness},
    row{"scheduling policy", policy},
    row{"priority of input and output", io_priority},
    row{"affinity", processors},
    row{"timer slack", slack},
    row{"personality", persona},
    row{"huge pages", huge_pages},
    row{"out-of-memory adjustment", out_of_memory},
    row{"core dump filter", core_filter},
    row{"blocked signals", blocked_signals},
    row{"ignored signal", ignored_signal},
    row{"process group", process_group},
    row{"no new privileges", no_new_privileges},
    row{"user and groups", another_user},
    row{"effective user", another_user_for_now},
    row{"user in a directory that it may not enter", another_user_in_a_place_of_roots},
    row{"capabilities", fewer_capabilities},
    row{"session", session},
    row{"network namespace", network},
    row{"uts namespace", names_of_host},
    row{"mount namespace", mounts},
    row{"filters of system calls", filter_of_calls},
};

/// What differs between a process that has changed itself and its child; a word if it could not change.
void start_and_compare(queue<std::vector<std::string>> to, std::size_t change_at, start_method how) {
  if (!rows.at(change_at).what()) return to.put({"cannot"});
  queue<description> from_child;
  process child{process_options{.method = how}, describe_to, from_child};
  child.start();
  const description mine = describe_self();
  std::vector<std::string> differences;
  const auto its = from_child.try_get_for(std::chrono::seconds{30});
  child.join();
  if (!its || child.exit_code() != 7) return to.put({"the child did not come up: " + child.exit_status()->exception});
  for (const auto& [key, value] : mine)
    if (its->at(key) != value) differences.push_back(key + ": " + value + " here, there " + its->at(key));
  to.put(differences);
}

std::vector<std::string> differences_after(std::size_t change_at, start_method how) {
  queue<std::vector<std::string>> from_starter;
  process starter{start_and_compare, from_starter, change_at, how};
  starter.start();
  starter.join();
  REQUIRE(starter.exit_code() == 0);
  return from_starter.get();
}

void check_row(std::string_view name) {
  const auto at = std::find_if(rows.begin(), rows.end(), [&](const row& r) { return r.name == name; }) - rows.begin();
  for (const start_method how : {start_method::fork_server, start_method::spawn}) {
    CAPTURE(name, how == start_method::spawn);
    if (under_sanitizer && how == start_method::spawn && name == "effective user") {
      WARN("skipped: a sanitizer does not start in a program whose real and effective users differ");
      continue;
    }
    const auto found = differences_after(static_cast<std::size_t>(at), how);
    if (found == std::vector<std::string>{"cannot"}) {
      WARN("this user or this machine cannot change: " << name);
      continue;
    }
    CHECK(found == std::vector<std::string>{});
  }
}

}  // namespace

TEST_CASE("a child has its starter's environment, mask of new files and working directory") {
  check_row("nothing");
  check_row("environment");
  check_row("umask");
  check_row("working directory");
  check_row("a working directory that is gone");
}

TEST_CASE("a child has its starter's limits, scheduling and memory settings") {
  check_row("limits");
  check_row("nice");
  check_row("scheduling policy");
  check_row("priority of input and output");
  check_row("affinity");
  check_row("timer slack");
  check_row("personality");
  check_row("huge pages");
  check_row("out-of-memory adjustment");
  check_row("core dump filter");
}

TEST_CASE("a child has its starter's blocked and ignored signals and process group") {
  check_row("blocked signals");
  check_row("ignored signal");
  check_row("process group");
}

TEST_CASE("a child has its starter's handlers if it is forked, and none if it is executed") {
  queue<int> out;
  const auto starter_of = [&](start_method how) {
    process starter{[](queue<int> to, start_method method) {
                      (void)::signal(SIGUSR2, handler);
                      process child{process_options{.method = method},
                                    [](queue<int> into) {
                                      struct sigaction now{};
                                      ::sigaction(SIGUSR2, nullptr, &now);
                                      into.put(now.sa_handler == handler ? 1 : now.sa_handler == SIG_DFL ? 2 : 3);
                                    },
                                    to};
                      child.start();
                      child.join();
                    },
                    out, how};
    starter.start();
    starter.join();
    return out.get();
  };
  CHECK(starter_of(start_method::fork_server) == 1);
  CHECK(starter_of(start_method::spawn) == 2);
}

TEST_CASE("a child has its starter's user, groups and capabilities") {
  check_row("no new privileges");
  check_row("user and groups");
  check_row("effective user");
  check_row("user in a directory that it may not enter");
  check_row("capabilities");
}

TEST_CASE("what the fork server cannot give a child has from its starter") {
  check_row("session");
  check_row("network namespace");
  check_row("uts namespace");
  check_row("mount namespace");
  check_row("filters of system calls");
}

TEST_CASE("a process that its starter must start itself ends, is waited for and signalled as any other") {
  queue<int> out;
  process starter{[](queue<int> to) {
                    if (!filter_of_calls()) return to.put(-1);
                    process ends{[] { return 5; }};
                    process dies{[] {
                      for (;;) ::pause();
                    }};
                    ends.start();
                    dies.start();
                    ends.join();
                    to.put(*ends.exit_code());
                    dies.terminate();
                    dies.join();
                    to.put(*dies.exit_code());
                    to.put(::waitpid(-1, nullptr, WNOHANG) < 0 ? 1 : 0);  // and none of them is met here
                  },
                  out};
  starter.start();
  const int first = out.get();
  if (first == -1) return;
  CHECK(first == 5);
  CHECK(out.get() == -SIGTERM);
  CHECK(out.get() == 1);
  starter.join();
}

TEST_CASE("who has given up being root cannot have a process of root's") {
  if (::geteuid() != 0) return;
  queue<int> out;
  process starter{[](queue<int> to) {
                    if (!another_user()) return to.put(-1);
                    for (const start_method how : {start_method::fork_server, start_method::spawn}) {
                      process child{process_options{.method = how},
                                    [](queue<int> into) {
                                      into.put(static_cast<int>(::getuid()));
                                      into.put(::open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0 ? 1 : 0);
                                      for (;;) ::pause();
                                    },
                                    to};
                      child.start();
                      child.terminate();
                      child.join();
                    }
                  },
                  out};
  starter.start();
  starter.join();
  CHECK(starter.exit_code() == 0);
  while (const auto uid = out.try_get()) CHECK((*uid == 65534 || *uid == 1));
}
