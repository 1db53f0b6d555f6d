#pragma once

#include "troupe/actor/any_answer.hpp"
#include "troupe/actor/unpack.hpp"
#include "troupe/base/deadline.hpp"

#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>

namespace troupe {

template <class Api>
class ref;

/// The answer to an `ask`, which may still be on its way. Take it once. Move-only; used by one thread at a time;
/// letting go of it unread is fine.
///
/// All forms throw `remote_error` if the handler threw, errc::actor_gone if the actor stopped first, errc::process_died
/// if its process ended, errc::mailbox_full if the message was refused, and errc::timeout once the limit given to `ask`
/// has passed.
///
/// Do not wait for an actor of the same process inside a handler: the handler's thread is one of the few that could run
/// that actor. An actor that would wait for itself, perhaps through others, gets errc::invalid_argument instead; so
/// does the last one, when every thread of the process waits so. Waiting for another process is fine, unless that one
/// waits for us: nobody notices such a circle, so give such asks a limit.
template <class T>
class [[nodiscard]] answer {
 public:
  answer() noexcept = default;  ///< no answer; every form throws errc::invalid_argument

  /// Blocks until it came.
  T get() {
    auto came = from_.take(deadline::never());
    if constexpr (!std::is_void_v<T>) return actors::unpack<T>(*came);
  }

  /// What is there now. For `answer<void>` a bool.
  auto try_get() { return take(deadline::now()); }
  /// What came within `limit`; after that it may be tried again. For `answer<void>` a bool.
  template <class Rep, class Period>
  auto try_get_for(std::chrono::duration<Rep, Period> limit) {
    return take(deadline::after(limit));
  }

 private:
  template <class Api>
  friend class ref;
  explicit answer(actors::any_answer from) noexcept : from_{std::move(from)} {}

  auto take(deadline patience) {
    auto came = from_.take(patience);
    if constexpr (std::is_void_v<T>)
      return came.has_value();
    else
      return came ? std::optional<T>{actors::unpack<T>(*came)} : std::optional<T>{};
  }

  actors::any_answer from_;
};

}  // namespace troupe
