#include "troupe/base/internal_thread.hpp"

#include "troupe/base/error.hpp"

#include <string>

namespace troupe {

void throw_no_thread(std::error_code why, std::string_view purpose) {
  throw error{why, "a thread for " + std::string{purpose} + " cannot be started: " + why.message()
                       + ". Raise the limit of the user's processes and threads (ulimit -u) or of the container "
                         "(pids.max of its cgroup), or use fewer threads"};
}

}  // namespace troupe
