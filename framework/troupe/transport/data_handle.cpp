#include "troupe/transport/data_handle.hpp"

#include "troupe/base/error.hpp"

#include <string>

namespace troupe::transport {

void data_handle::throw_closed() { throw error{errc::closed, "this handle of shared data was closed"}; }

void throw_outside(std::size_t first, std::size_t count, std::size_t size) {
  const auto from = static_cast<std::ptrdiff_t>(first);  // who counted from the end finds the number that he wrote
  const std::string what = count == 1 ? "element " + std::to_string(from)
                                      : std::to_string(count) + " elements from " + std::to_string(from) + " on";
  throw error{errc::invalid_argument,
              what + " of " + std::to_string(size) + " was asked for: indices go from 0 to size() - 1"};
}

}  // namespace troupe::transport
