#include "troupe/process/spawned_image.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/standard_streams.hpp"
#include "troupe/process/membership.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <locale>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace troupe::tree {

namespace {

constexpr const char* variable = "TROUPE_SPAWNED";

void set_close_on_exec(int fd, bool on) {
  if (::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) != 0) throw_errno("fcntl(F_SETFD)", std::to_string(fd));
}

std::vector<std::string> arguments_of_program() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  const std::string all{std::istreambuf_iterator<char>{file}, {}};
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < all.size();) {
    arguments.emplace_back(all.c_str() + at);
    at += arguments.back().size() + 1;
  }
  return arguments;
}

std::uint64_t bits_of(const sigset_t& set) {
  std::uint64_t bits = 0;
  for (int number = 1; number <= 64; ++number)
    if (::sigismember(&set, number) == 1) bits |= std::uint64_t{1} << (number - 1);
  return bits;
}

sigset_t set_of(std::uint64_t bits) {
  sigset_t set;
  ::sigemptyset(&set);
  for (int number = 1; number <= 64; ++number)
    if ((bits >> (number - 1) & 1) != 0) ::sigaddset(&set, number);
  return set;
}

}  // namespace

void exec_program(const membership& place, const newborn& child) {
  std::ostringstream what;
  what.imbue(std::locale::classic());
  what << child.id.slot << ' ' << child.id.generation << ' ' << child.body_size << ' ' << bits_of(child.inherited.mask)
       << ' ' << place.table().fd() << ' ' << place.life() << ' ' << place.requests_line();
  std::vector<int> kept{place.table().fd(), place.life(), place.requests_line()};
  for (const unique_fd& fd : child.fds) {
    what << ' ' << fd.get();
    kept.push_back(fd.get());
  }
  for (const int fd : kept) set_close_on_exec(fd, false);
  if (::setenv(variable, what.str().c_str(), 1) != 0) throw_errno("setenv", variable);
  std::vector<std::string> arguments = arguments_of_program();
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  flush_standard_streams();
  ::execv("/proc/self/exe", pointers.data());
  throw_errno("execv", "/proc/self/exe");
}

std::optional<program_image> spawned_image() {
  const char* given = std::getenv(variable);
  if (given == nullptr) return std::nullopt;
  std::istringstream what{given};
  what.imbue(std::locale::classic());
  ::unsetenv(variable);
  newborn child{};
  std::uint64_t mask = 0;
  int control = -1;
  int life = -1;
  int line = -1;
  what >> child.id.slot >> child.id.generation >> child.body_size >> mask >> control >> life >> line;
  if (!what) throw error{errc::malformed, std::string{variable} + " is for troupe's own use; unset it"};
  for (int fd = -1; what >> fd;) child.fds.emplace_back(fd);
  child.life = unique_fd{life};
  child.requests_line = unique_fd{line};
  child.inherited = inherited_state::of_this_process();
  child.inherited.mask = set_of(mask);
  for (const int fd : {control, life, line}) set_close_on_exec(fd, true);
  for (const unique_fd& fd : child.fds) set_close_on_exec(fd.get(), true);
  auto table = process_table::attach(unique_fd{control});
  if (child.fds.size() < fixed_descriptors || !table.holds(child.id))
    throw error{errc::malformed, std::string{variable} + " is for troupe's own use; unset it"};
  return program_image{std::move(table), std::move(child)};
}

}  // namespace troupe::tree
