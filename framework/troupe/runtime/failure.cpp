#include "troupe/runtime/failure.hpp"

#include <utility>

namespace troupe::runtime {

failure failure::of_current_exception(std::string origin) {
  return {errc::remote_exception, current_exception_text(), current_exception_type(), std::move(origin)};
}

void failure::raise() const {
  if (code == errc::remote_exception) throw remote_error{type, text, origin};
  throw error{code, text};
}

}  // namespace troupe::runtime
