#pragma once

#include "troupe/actor/actor.hpp"
#include "troupe/actor/down.hpp"
#include "troupe/actor/system.hpp"
#include "troupe/pipeline/assignment.hpp"
#include "troupe/pipeline/crew.hpp"
#include "troupe/pipeline/desk.hpp"
#include "troupe/pipeline/messages.hpp"
#include "troupe/pipeline/progress.hpp"
#include "troupe/pipeline/stage_stats.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace troupe::pipeline {

/// Runs one pipeline: gives items to workers, passes results on, folds them, replaces workers that died.
/// 1. Every item that was fed and is not yet folded or dropped is in `open_`, once: it waits for a group, or is in the
/// hands
///    of one worker of that group (and, after deaths, perhaps of some that are given up).
/// 2. A result counts if its item is open at that very group; any further one of the same item there is ignored. So
/// each
///    item passes each group once, whoever dies.
/// 3. An item keeps its content until the group is done with it, if the group's workers can die.
/// 4. After `end` nothing of the user's is called any more, but for what workers in this process have in their hands;
/// the
///    desk learns of the end when these have left.
class driver final : public actor<driver_api> {
 public:
  driver(system* home, assignment what, std::shared_ptr<desk> meets);
  ~driver() override;

  void on(feed item);
  void on(const source_end&);
  void on(const abandon&);
  void on(const show&);
  void on(done result);
  void on(const failed& what);
  void on(const down& news);

 protected:
  void started() override;
  [[nodiscard]] std::size_t mailbox() const override;

 private:
  using clock = std::chrono::steady_clock;
  struct open_item {
    payload content{};
    std::size_t group = 0;
    unsigned deaths = 0;  // workers that died of it
  };
  struct place {
    std::uint32_t group = 0;
    std::uint32_t index = 0;
  };

  template <class Body>
  void guarded(Body body) noexcept;  // an exception ends the run
  void hire(place where);
  void enter(std::uint64_t item);  // the item is at the door of its group
  void dispatch(std::size_t group);
  [[nodiscard]] bool give_first(std::size_t group);
  void count(const done& result);
  void note_queue(std::size_t group);
  void finish(std::uint64_t item, payload content);  // none: it was dropped
  void fold(payload content);
  void replace(place where, const down& news);
  void blame(std::uint64_t item, place where, const down& news);
  void end_if_done();
  void end(std::exception_ptr error);
  void settle_up();

  [[nodiscard]] stage_stats& stats_of(std::size_t group) { return stats_[1 + crews_[group].steps().first]; }
  [[nodiscard]] std::string step_name(std::size_t group, std::size_t at) const;

  system& home_;
  const assignment what_;
  const std::shared_ptr<desk> desk_;
  const clock::time_point start_ = clock::now();

  std::vector<crew> crews_;
  std::vector<std::deque<std::uint64_t>> waiting_;  // per group, in the order in which they are given out
  std::unordered_map<std::uint64_t, open_item> open_;
  std::unordered_map<actor_address, place> watched_;
  std::vector<stage_stats> stats_;  // the source, the steps, the fold

  std::uint64_t fed_ = 0;
  std::uint64_t finished_ = 0;
  bool source_ended_ = false;
  std::map<std::uint64_t, payload> early_;  // ordered: results that came before their turn
  std::uint64_t turn_ = 0;                  // ordered: the next item to be folded

  bool ending_ = false;
  std::exception_ptr error_;
  std::vector<std::shared_ptr<worker_process::home>> homes_;
};

}  // namespace troupe::pipeline
