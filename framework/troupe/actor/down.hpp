#pragma once

#include "troupe/actor/address.hpp"
#include "troupe/base/error.hpp"

#include <string>

namespace troupe {

/// Says that a watched actor ended, or why that will not be known. Arrives as a message: `void on(const
/// troupe::down&)`, once for each actor that one watches, however often it calls `watch`.
struct down {
  actor_address who;
  /// actor_gone: it stopped; remote_exception: a handler threw; process_died: with its process, which is proven. All
  /// else says why it cannot be watched, and nothing about its end.
  errc reason = errc::actor_gone;
  std::string text;  ///< a sentence for a person
};

}  // namespace troupe
