#include "troupe/wire/message.hpp"

#include <exception>
#include <string>

namespace troupe::wire::messages {

void rethrow_as_malformed(name_function name) {
  try {
    throw;
  } catch (const error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    throw error{errc::malformed, "malformed message: " + name() + " refuses its bytes: " + e.what()};
  }
}

void throw_trailing(std::size_t trailing, name_function name) {
  throw error{errc::malformed,
              "malformed message: " + std::to_string(trailing) + " bytes follow after the end of " + name()};
}

}  // namespace troupe::wire::messages
