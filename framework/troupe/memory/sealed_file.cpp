#include "troupe/memory/sealed_file.hpp"

#include "troupe/base/error.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <limits>
#include <locale>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::memory::sealed_file {

namespace {

constexpr int required_seals = F_SEAL_SHRINK | F_SEAL_GROW;

// Below this, asking the system first would cost more than it is worth.
constexpr std::size_t large_request = std::size_t{16} << 20;

/// What the machine could still give, or the largest number if it does not say.
std::size_t available_memory() {
  std::ifstream table{"/proc/meminfo"};
  table.imbue(std::locale::classic());
  for (std::string key; table >> key;) {
    std::size_t kilobytes = 0;
    if (key == "MemAvailable:" && table >> kilobytes) return kilobytes << 10;
    table.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::numeric_limits<std::size_t>::max();
}

/// While one exists, growing a file beyond what this process may have (RLIMIT_FSIZE) is an error instead of a signal.
class size_signal_blocked {
 public:
  size_signal_blocked() {
    ::sigemptyset(&signal_);
    ::sigaddset(&signal_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signal_, &before_);
    sigset_t waiting;
    ::sigpending(&waiting);
    waits_ = ::sigismember(&waiting, SIGXFSZ) == 1;
  }
  size_signal_blocked(const size_signal_blocked&) = delete;
  size_signal_blocked& operator=(const size_signal_blocked&) = delete;
  ~size_signal_blocked() {
    const int problem = errno;
    const timespec at_once{};
    if (!waits_)
      while (::sigtimedwait(&signal_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = problem;
  }

 private:
  sigset_t signal_{};
  sigset_t before_{};
  bool waits_ = false;  // one that is not ours
};

[[noreturn]] void throw_too_large(std::size_t size, const std::string& label) {
  rlimit allowed{};
  (void)::getrlimit(RLIMIT_FSIZE, &allowed);
  throw error{std::error_code{EFBIG, std::system_category()},
              label + " needs a memory file of " + std::to_string(size)
                  + " bytes, but the limit on the size of files is " + std::to_string(allowed.rlim_cur)
                  + " bytes (RLIMIT_FSIZE, ulimit -f): raise it, or ask for less"};
}

[[noreturn]] void throw_out_of_memory(std::size_t length) {
  throw error{errc::out_of_memory, "no " + std::to_string(length) + " bytes of shared memory are left on this machine"};
}

}  // namespace

std::size_t whole_pages(std::size_t bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

unique_fd create(std::string_view name, std::size_t size, std::size_t allocated) {
  const std::string label{name};
  unique_fd file{::memfd_create(label.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (!file) throw_errno("memfd_create", label);
  {
    const size_signal_blocked around_the_growth;
    if (::ftruncate(file.get(), static_cast<off_t>(whole_pages(size))) != 0) {
      if (errno == EFBIG) throw_too_large(whole_pages(size), label);
      throw_errno("ftruncate", label);
    }
  }
  allocate(file, 0, whole_pages(allocated));
  if (::fcntl(file.get(), F_ADD_SEALS, required_seals | F_SEAL_SEAL) != 0) throw_errno("fcntl F_ADD_SEALS", label);
  return file;
}

std::size_t checked_size(const unique_fd& file) {
  const int seals = ::fcntl(file.get(), F_GET_SEALS);
  struct stat info{};
  if (seals < 0 || (seals & required_seals) != required_seals || ::fstat(file.get(), &info) != 0)
    throw error{errc::malformed, "a shared memory handle is no sealed memory file; it was not made by troupe"};
  return static_cast<std::size_t>(info.st_size);
}

void allocate(const unique_fd& file, std::size_t offset, std::size_t length) {
  if (length == 0) return;
  // The kernel puts no limit on anonymous shared memory: it would take all there is and then start to kill processes.
  if (length >= large_request && length > available_memory()) throw_out_of_memory(length);
  int outcome = 0;
  do {
    outcome = ::fallocate(file.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length));
  } while (outcome != 0 && errno == EINTR);
  if (outcome == 0) return;
  if (errno == ENOSPC || errno == ENOMEM) throw_out_of_memory(length);
  throw_errno("fallocate", "shared memory");
}

}  // namespace troupe::memory::sealed_file
