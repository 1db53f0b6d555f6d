#pragma once

#include "troupe/base/error.hpp"

#include <string>

namespace troupe::runtime {

/// Why there is no answer, as a value that can cross processes. The default one says that the actor stopped before it
/// answered.
struct failure {
  errc code = errc::actor_gone;
  std::string text;    ///< for a person; of an exception its what()
  std::string type;    ///< of an exception its C++ type
  std::string origin;  ///< of an exception the actor that threw it

  /// Describes the exception being handled.
  [[nodiscard]] static failure of_current_exception(std::string origin);

  /// Throws it: `remote_error` for an exception, else `error`.
  [[noreturn]] void raise() const;
};

}  // namespace troupe::runtime
