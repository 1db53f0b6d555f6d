#include "troupe/base/birth_time.hpp"

#include "troupe/base/error.hpp"

#include <string>

namespace troupe {

std::atomic<std::uint32_t> birth_time::oldest_{0};

void birth_time::begin() noexcept { oldest_.store(forks(), std::memory_order_relaxed); }

void birth_time::refuse(std::string_view object) {
  throw error{errc::invalid_argument, std::string{object}
                                          + " was made before troupe::system, whose children do not have its"
                                            " descriptors; make it afterwards, and pass it as an argument"};
}

}  // namespace troupe
