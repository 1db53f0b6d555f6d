#pragma once

#include "troupe/base/signals_blocked.hpp"

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace troupe {

/// Throws `error` with `why`, of a thread that could not be started: what it was for, and what to do.
[[noreturn]] void throw_no_thread(std::error_code why, std::string_view purpose);

/// Starts a thread that runs none of the user's code: the program's signals are not handled there (`signals_blocked`).
/// `purpose` completes "a thread for". Throws `error` with the errno if the system grants no more threads.
template <class Body>
[[nodiscard]] std::thread start_internal_thread(std::string_view purpose, Body body) {
  const signals_blocked inherited;
  try {
    return std::thread{std::move(body)};
  } catch (const std::system_error& refused) {
    throw_no_thread(refused.code(), purpose);
  }
}

}  // namespace troupe
