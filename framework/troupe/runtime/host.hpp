#pragma once

#include "troupe/runtime/behaviour.hpp"
#include "troupe/runtime/caf_bridge.hpp"
#include "troupe/runtime/roster.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace troupe::runtime {

class blocking_wait;

/// What the actors of one engine share.
struct neighbourhood {
  explicit neighbourhood(unsigned thread_count) noexcept : threads{thread_count} {}

  roster actors;
  const unsigned threads;
  std::atomic<std::uint64_t> last_id{0};
  std::mutex waits_mutex;
  std::vector<const blocking_wait*> waits;  // guarded by waits_mutex
};

/// The CAF actor that runs one behaviour. Invariants:
/// 1. `waiting_` counts the refusable messages in the mailbox, each from its `post` to its turn; it exceeds `capacity_`
///    only between the two steps of a refused `admit`.
/// 2. `open_` goes from true to false once, in the turn that stops the actor; after that no message has a turn.
/// 3. The roster's handle keeps the host alive until `on_exit`.
/// No exception of a behaviour reaches CAF: a behaviour throws none.
class host final : public caf::event_based_actor {
 public:
  host(caf::actor_config& config, std::shared_ptr<neighbourhood> home, std::uint64_t number,
       std::unique_ptr<behaviour> what, std::size_t capacity);
  ~host() override;

  [[nodiscard]] const char* name() const override { return "troupe"; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] posted post(envelope& message);

 protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

 private:
  void turn(parcel& arrived) noexcept;
  [[nodiscard]] verdict handle(envelope& message) noexcept;
  [[nodiscard]] bool admit() noexcept;

  const std::shared_ptr<neighbourhood> home_;
  const std::uint64_t number_;
  const std::size_t capacity_;
  std::unique_ptr<behaviour> what_;      // touched by the actor's own turns only
  std::atomic<std::size_t> waiting_{0};  // posters add, turns subtract
  std::atomic<bool> open_{true};         // written by the stopping turn
};

/// What `cell` holds.
struct cell_access {
  static caf::strong_actor_ptr& of(cell& handle) noexcept;
  static const caf::strong_actor_ptr& of(const cell& handle) noexcept;
  static cell make(caf::strong_actor_ptr actor) noexcept;
};

/// The engine whose actor has its turn on this thread, else null.
[[nodiscard]] neighbourhood* current_neighbourhood() noexcept;
/// That actor's number, else 0.
[[nodiscard]] std::uint64_t current_actor() noexcept;

}  // namespace troupe::runtime
