#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/process/process.hpp"

#include <functional>
#include <list>
#include <optional>
#include <span>
#include <sys/types.h>

#include "scoreboard.hpp"

namespace bench {

/// The processes of one measurement, seen from the coordinator. It clears the scoreboard, and its destructor kills and
/// awaits whoever is left.
class crew {
 public:
  explicit crew(int parties, int producers = 0);
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;
  ~crew();

  /// Forks a participant that runs `body` and exits.
  void fork(const std::function<void()>& body);
  /// Starts a participant of troupe's own.
  void start(troupe::process process);

  /// Waits until all have ended. Throws std::runtime_error, after killing the others, if one fails or none ends in
  /// time.
  void finish();

  /// Processor time of all participants of troupe's own that ever finished, in ns; their parent is the fork server.
  [[nodiscard]] static std::int64_t time_of_troupe() { return time_of_troupe_; }

  /// What they left, once finished. Throws std::runtime_error if another sum was received than sent.
  [[nodiscard]] std::span<const score> scores() const;

 private:
  struct member {
    std::optional<troupe::process> process = std::nullopt;  // or a plain child
    pid_t pid = 0;
    troupe::unique_fd handle = {};  // readable when it has ended; none if it ended before it could be had
    bool ended = false;
  };
  void adopt(member one);
  static int reap(member& one);
  void end_all() noexcept;

  inline static std::int64_t time_of_troupe_ = 0;
  std::list<member> members_;
};

}  // namespace bench
