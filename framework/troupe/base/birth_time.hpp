#pragma once

#include "troupe/base/forks.hpp"

#include <cstdint>
#include <string_view>

namespace troupe {

/// When something with descriptors was made: before `troupe::system`, or after. The fork server closes what the first
/// process had open; in its children, what was made before has numbers that mean nothing or something else.
class birth_time {
 public:
  /// Throws errc::invalid_argument, naming `object`, in a child for what was made before the system.
  void check(std::string_view object) const {
    if (then_ < oldest()) [[unlikely]]
      refuse(object);
  }
  /// Whether another process made it, of which this one is a copy: then its end is that process's business.
  [[nodiscard]] bool is_of_original() const noexcept { return then_ != forks(); }
  /// In a process that the fork server made, before it runs anything of the program.
  static void begin() noexcept;

 private:
  [[nodiscard]] static std::uint32_t oldest() noexcept {
    return oldest_.load(std::memory_order_relaxed);  // relaxed: set before the process has threads
  }
  [[noreturn]] static void refuse(std::string_view object);

  static std::atomic<std::uint32_t> oldest_;
  std::uint32_t then_ = forks();
};

}  // namespace troupe
