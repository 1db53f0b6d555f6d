#pragma once

#include <string>
#include <unistd.h>

namespace bench {

/// A name that no other measurement uses, now or in another run at the same time.
[[nodiscard]] inline std::string temporary_name() {
  static int count = 0;
  return "transport_benchmark_" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

/// A socket path of such a name, removed when this goes.
class socket_path {
 public:
  socket_path() = default;
  socket_path(const socket_path&) = delete;
  socket_path& operator=(const socket_path&) = delete;
  ~socket_path() { unlink(path_.c_str()); }

  [[nodiscard]] std::string url() const { return "ipc://" + path_; }

 private:
  std::string path_ = "/tmp/" + temporary_name();
};

}  // namespace bench
