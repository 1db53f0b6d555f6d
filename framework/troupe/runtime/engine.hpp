#pragma once

#include "troupe/base/function_ref.hpp"
#include "troupe/runtime/behaviour.hpp"
#include "troupe/runtime/cell.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace troupe::runtime {

struct neighbourhood;

/// Runs actors on a fixed number of threads. An actor is taken off its thread after 300 messages when others wait, so
/// no actor can keep another from running. All functions may be called from any thread.
class engine {
 public:
  /// Starts the threads, which run user code and so have the signal mask of the calling one. `threads` is at least 1.
  /// Throws `error` with the errno if the system does not grant as many threads.
  explicit engine(unsigned threads);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  /// `shut_down()`. Never to be called by an actor.
  ~engine();

  /// Starts an actor whose mailbox takes `capacity` messages (at least 1). Throws `errc::closed` after `shut_down`.
  cell spawn(std::unique_ptr<behaviour> what, std::size_t capacity);
  /// The running actor of that id, or an empty handle.
  [[nodiscard]] cell find(std::uint64_t id) const;
  [[nodiscard]] std::size_t actors() const;
  [[nodiscard]] unsigned threads() const noexcept;

  /// Stops every actor (each finishes the message it handles, the rest of its mailbox is dropped), and waits for the
  /// end of all. Blocks as long as a handler runs. A second call does nothing.
  void shut_down();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// While one exists, the calling thread waits without a limit for what only an actor of this process can do. Does
/// nothing outside of the turns of an engine's actors. The constructor throws `errc::invalid_argument` with the
/// explanation instead of waiting for ever: if the calling actor would wait, perhaps through others, for itself, and if
/// all threads of the engine would wait so, which leaves none to answer.
class blocking_wait {
 public:
  /// For something that no actor in particular owes.
  blocking_wait();
  /// For the actor `whom`; 0: no one in particular. `over` says that the wait has nothing to wait for any more; it is
  /// called by any thread, must not block or wait, and outlives this object.
  blocking_wait(std::uint64_t whom, function_ref<bool()> over);
  blocking_wait(const blocking_wait&) = delete;
  blocking_wait& operator=(const blocking_wait&) = delete;
  ~blocking_wait();

 private:
  void throw_if_in_a_circle() const;
  void throw_if_no_thread_is_left() const;
  [[nodiscard]] std::uint64_t awaited_by(std::uint64_t actor) const;

  neighbourhood* home_;
  const std::uint64_t who_;
  const std::uint64_t whom_;
  const function_ref<bool()> over_;
};

}  // namespace troupe::runtime
