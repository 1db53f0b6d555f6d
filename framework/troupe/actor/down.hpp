#pragma once

#include "troupe/actor/address.hpp"
#include "troupe/base/error.hpp"

#include <string>

namespace troupe {

/// Says that a watched actor ended. Arrives as a message: `void on(const troupe::down&)`, once per `watch`.
struct down {
  actor_address who;
  errc reason = errc::actor_gone;  ///< actor_gone: it stopped; remote_exception: a handler threw; process_died
  std::string text;                ///< a sentence for a person
};

}  // namespace troupe
