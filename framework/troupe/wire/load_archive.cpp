#include "troupe/wire/load_archive.hpp"

#include "troupe/base/error.hpp"
#include "troupe/wire/helper_set.hpp"
#include "troupe/wire/pointers.hpp"

#include <string>

namespace troupe::wire {

struct load_archive::cold {
  loaded_objects objects;
  helper_set helpers;
};

load_archive::cold& load_archive::make_cold() {
  if (cold_ == nullptr) cold_ = new cold;
  return *cold_;
}
void load_archive::drop_cold() noexcept { delete cold_; }

loaded_objects& load_archive::objects() { return make_cold().objects; }
helper_set& load_archive::helpers() { return make_cold().helpers; }

unique_fd load_archive::load_handle() {
  const auto index = load_number<std::uint32_t>(nullptr);
  if (handles_ == nullptr) fail(nullptr, "names handle " + std::to_string(index) + ", but none came with it");
  return handles_->take(index);
}

void load_archive::fail(name_function name, std::string_view what) const {
  throw error{errc::malformed, "malformed message: " + (name != nullptr ? name() : std::string{"a field"})
                                   + " before byte " + std::to_string(offset()) + " of " + std::to_string(end_ - begin_)
                                   + " " + std::string{what}};
}

void load_archive::truncated(std::size_t size, name_function name) const {
  fail(name, "goes on for " + std::to_string(size) + " bytes, but " + std::to_string(remaining()) + " are left");
}
void load_archive::lying_count(std::size_t count, name_function name) const {
  fail(name, "says it has " + std::to_string(count) + " elements, more than the bytes that are left can hold");
}
void load_archive::too_deep(name_function name) const {
  fail(name, "is nested deeper than " + std::to_string(max_depth) + " levels");
}
void load_archive::too_many_empty(name_function name) const {
  fail(name, "is one of more than " + std::to_string(max_empty_elements) + " elements that take no bytes");
}

}  // namespace troupe::wire
