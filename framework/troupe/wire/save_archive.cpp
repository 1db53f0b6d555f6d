#include "troupe/wire/save_archive.hpp"

#include "troupe/base/error.hpp"
#include "troupe/wire/helper_set.hpp"
#include "troupe/wire/pointers.hpp"

#include <string>
#include <utility>

namespace troupe::wire {

struct save_archive::cold {
  saved_objects objects;
  helper_set helpers;
};

save_archive::cold& save_archive::make_cold() {
  if (cold_ == nullptr) cold_ = new cold;
  return *cold_;
}
void save_archive::drop_cold() noexcept { delete cold_; }

saved_objects& save_archive::objects() { return make_cold().objects; }
helper_set& save_archive::helpers() { return make_cold().helpers; }

std::uint32_t save_archive::save_handle(int fd, std::function<void()> on_sent) {
  if (handles_ == nullptr)
    throw error{errc::unsupported,
                "a handle cannot be stored here: its bytes go to a place that file descriptors do not reach"};
  const std::uint32_t index = handles_->add(fd, std::move(on_sent));
  save_number(index);
  return index;
}

void save_archive::too_deep() {
  throw error{errc::invalid_argument, "a value is nested deeper than " + std::to_string(max_depth) + " levels"};
}
void save_archive::too_many(std::size_t count) {
  throw error{errc::message_too_large,
              "a container holds " + std::to_string(count) + " elements; 4294967295 is the most that can travel"};
}
void save_archive::too_many_empty() {
  throw error{errc::message_too_large, "a message holds more than " + std::to_string(max_empty_elements)
                                           + " elements that take no bytes; send their number instead"};
}

}  // namespace troupe::wire
