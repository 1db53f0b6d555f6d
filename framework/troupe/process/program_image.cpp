#include "troupe/process/program_image.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/standard_streams.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::tree {

namespace {

constexpr const char* variable = "TROUPE_SPAWNED";
constexpr const char* program = "/proc/self/exe";

/// Strings as exec takes them.
class string_list {
 public:
  explicit string_list(std::vector<std::string> strings) : strings_{std::move(strings)} {
    for (std::string& text : strings_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  [[nodiscard]] char* const* get() const noexcept { return pointers_.data(); }

 private:
  std::vector<std::string> strings_;
  std::vector<char*> pointers_;
};

string_list arguments_of_program() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  const std::string all{std::istreambuf_iterator<char>{file}, {}};
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < all.size();) {
    arguments.emplace_back(all.c_str() + at);
    at += arguments.back().size() + 1;
  }
  return string_list{std::move(arguments)};
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

std::string text_of(const image_order& order) {
  std::string text{variable};
  text += '=';
  for (const std::uint64_t number :
       {std::uint64_t(order.what), std::uint64_t{order.id.slot}, std::uint64_t{order.id.generation},
        order.attributes_size, order.body_size, bits_of(order.mask)})
    text += std::to_string(number) + ' ';
  for (const int fd : order.fds) text += std::to_string(fd) + ' ';
  return text;
}

string_list environment_with(const image_order& order) {
  std::vector<std::string> all{text_of(order)};
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) all.emplace_back(*entry);
  return string_list{std::move(all)};
}

/// The numbers in front of blanks; stops at anything else.
std::vector<std::uint64_t> numbers_in(std::string_view text) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = 0;; text.remove_prefix(1)) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{}) return numbers;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return numbers;
  }
}

bool set_close_on_exec(int fd, bool on) noexcept { return ::fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) == 0; }

/// What remains of a fork to do, with nothing but system calls: the process it is a copy of may have other threads.
/// Returns only if it fails, with the errno.
int exec_detached(const image_order& order, char* const* arguments, char* const* environment, int nowhere) noexcept {
  const pid_t pid = ::_Fork();
  if (pid < 0) return errno;
  if (pid > 0) ::_exit(0);  // its child is nobody's now
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
    if (::dup2(nowhere, fd) < 0) return errno;
  for (const int fd : order.fds)
    if (!set_close_on_exec(fd, false)) return errno;
  ::execve(program, arguments, environment);
  return errno;
}

}  // namespace

void image_order::become() const {
  const string_list arguments = arguments_of_program();
  const string_list environment = environment_with(*this);
  for (const int fd : fds)
    if (!set_close_on_exec(fd, false)) throw_errno("fcntl(F_SETFD)", "descriptor " + std::to_string(fd));
  flush_standard_streams();
  ::execve(program, arguments.get(), environment.get());
  throw_errno("execve", program);
}

void image_order::launch() const {
  const string_list arguments = arguments_of_program();
  const string_list environment = environment_with(*this);
  const unique_fd nowhere{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!nowhere) throw_errno("open", "/dev/null");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_errno("pipe2", "a fresh image of this program");
  const unique_fd news{ends[0]};
  unique_fd teller{ends[1]};
  const pid_t pid = ::_Fork();
  if (pid < 0) throw_errno("fork", "a fresh image of this program");
  if (pid == 0) {
    const int problem = exec_detached(*this, arguments.get(), environment.get(), nowhere.get());
    (void)!::write(teller.get(), &problem, sizeof problem);
    ::_exit(1);
  }
  teller.reset();
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  int problem = 0;
  ssize_t count = 0;
  do {
    count = ::read(news.get(), &problem, sizeof problem);  // the end, once it is another image
  } while (count < 0 && errno == EINTR);
  if (count == sizeof problem) {
    errno = problem;
    throw_errno("execve", program);
  }
}

std::optional<image_order> image_order::of_this_image() {
  const char* given = std::getenv(variable);
  if (given == nullptr) return std::nullopt;
  const std::vector<std::uint64_t> numbers = numbers_in(given);
  ::unsetenv(variable);
  constexpr std::size_t fixed = 6;
  bool right = numbers.size() > fixed && numbers[0] <= std::uint64_t(role::shim);
  image_order order;
  if (right) {
    order.what = static_cast<role>(numbers[0]);
    order.id = {static_cast<std::uint32_t>(numbers[1]), static_cast<std::uint32_t>(numbers[2])};
    order.attributes_size = numbers[3];
    order.body_size = numbers[4];
    order.mask = set_of(numbers[5]);
    for (std::size_t i = fixed; i < numbers.size(); ++i) order.fds.push_back(static_cast<int>(numbers[i]));
    for (const int fd : order.fds) right = right && set_close_on_exec(fd, true);
  }
  if (!right) throw error{errc::malformed, std::string{variable} + " is for troupe's own use; unset it"};
  return order;
}

}  // namespace troupe::tree
