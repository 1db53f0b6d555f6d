#include "support/kill_at_every_instruction.hpp"

#include "support/catch.hpp"
#include "support/footprint.hpp"
#include "support/stepped_process.hpp"
#include "troupe/base/error.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>
#include <unordered_set>
#include <vector>

namespace troupe::test {
namespace {

constexpr std::size_t deep = 1000;           // steps since anything new: inside of a long loop
constexpr std::size_t near_the_commit = 20;  // steps before and after, none of which is left out if runs are quick

std::optional<std::size_t> number_from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  return static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
}

/// "crash_tests+0x1234", as addr2line takes it.
std::string place_of(std::uint64_t address) {
  Dl_info in{};
  std::ostringstream text;
  if (::dladdr(reinterpret_cast<void*>(address), &in) != 0 && in.dli_fname != nullptr) {
    const std::string file = in.dli_fname;
    text << file.substr(file.rfind('/') + 1) << '+';
    address -= reinterpret_cast<std::uint64_t>(in.dli_fbase);
  }
  text << "0x" << std::hex << address;
  return text.str();
}

}  // namespace

// -- in the victim ---------------------------------------------------------------------------------------------------

void marks::arrive(unique_fd gate) noexcept {
  limit_waiting();
  gate_ = std::move(gate);
}

void marks::begin() {
  std::uint64_t opened = 0;
  if (::read(gate_.get(), &opened, sizeof opened) != static_cast<ssize_t>(sizeof opened)) throw_errno("read", "gate");
  trap_into_tracer();
}

void marks::end() { trap_into_tracer(); }

// -- the sweep -------------------------------------------------------------------------------------------------------

/// All runs of one operation. The first records where each step leads; the others are killed at a step each. A run does
/// not step there from the beginning: it runs on to an instruction whose first execution is near, and steps from there.
class sweep {
 public:
  sweep(const followed& what, const std::function<outcome(victim&)>& test) : what_{what}, test_{test} {}

  void run();
  /// One victim, from its gate to its death.
  void drive(int pid, int gate);

 private:
  void record(stepped_process& process);
  void approach(stepped_process& process);
  void kill_after(std::size_t step);
  void kill_evenly();
  void find_commit();
  void kill_near_commit();
  void judge(outcome seen);
  [[nodiscard]] std::string explain(std::size_t step) const;
  void report() const;
  [[nodiscard]] std::size_t last_step() const { return path_.size() - 1; }

  const followed& what_;
  const std::function<outcome(victim&)>& test_;

  std::vector<std::uint64_t> path_;   // the address that each step leads to; of the last one 0, for the end
  std::vector<std::size_t> nearest_;  // for each step, the last one not after it that leads where none led before

  std::vector<std::size_t> worth_a_kill_;  // steps, without the deep inside of loops

  std::size_t step_ = 0;  // to kill after
  bool strayed_ = false;  // this run came elsewhere than the first did
  std::size_t strays_ = 0;
  std::set<std::size_t> tried_;
  std::size_t stride_ = 1;
  std::size_t offset_ = 0;
  std::optional<std::size_t> not_yet_;  // the last step after which it had not happened
  std::optional<std::size_t> done_;     // the first after which it had
};

void sweep::record(stepped_process& process) {
  path_.push_back(process.at());
  while (process.step(what_.falls_asleep) == stepped_process::stop::instruction) path_.push_back(process.at());

  std::unordered_set<std::uint64_t> seen;
  for (std::size_t step = 0, last = 0; step < path_.size(); ++step) {
    if (seen.insert(path_[step]).second) last = step;
    nearest_.push_back(last);
    if (step - last <= deep) worth_a_kill_.push_back(step);
  }
  path_.push_back(0);
  nearest_.push_back(nearest_.back());
  worth_a_kill_.push_back(last_step());
}

/// To `step_`, or to the end of the operation if this run is shorter.
void sweep::approach(stepped_process& process) {
  using stop = stepped_process::stop;
  const std::size_t nearest = nearest_[step_];
  stop now = nearest == 0 ? stop::instruction : process.run_to(path_[nearest], what_.falls_asleep);
  for (std::size_t i = nearest; i < step_ && now == stop::instruction; ++i) now = process.step(what_.falls_asleep);
  strayed_ = now == stop::instruction ? process.at() != path_[step_] : step_ != last_step();
}

void sweep::drive(int pid, int gate) {
  stepped_process process;
  if (!process.seize(pid)) throw_errno("ptrace", "victim");
  const std::uint64_t open = 1;
  if (::write(gate, &open, sizeof open) != static_cast<ssize_t>(sizeof open)) throw_errno("write", "gate");
  process.run_to_trap();
  if (path_.empty())
    record(process);
  else
    approach(process);
  process.kill();
}

std::string sweep::explain(std::size_t step) const {
  std::ostringstream text;
  text << what_.operation << ", killed after step " << step << " of " << last_step();
  if (step < last_step()) text << ", before " << place_of(path_[step]);
  if (done_) text << ". It was done after step " << *done_;
  if (not_yet_) text << ". It was not done after step " << *not_yet_;
  text << ". Once more: TROUPE_KILL_STEP=" << step;
  return text.str();
}

/// What happened before a step has happened after it, too.
void sweep::judge(outcome seen) {
  if (step_ == 0) REQUIRE(seen != outcome::done);
  if (step_ == last_step()) REQUIRE(seen != (what_.falls_asleep ? outcome::done : outcome::not_yet));
  if (!what_.repeatable) return;
  if (seen == outcome::not_yet) {
    REQUIRE((!done_ || *done_ > step_));
    not_yet_ = std::max(step_, not_yet_.value_or(0));
  } else if (seen == outcome::done) {
    REQUIRE((!not_yet_ || *not_yet_ < step_));
    done_ = std::min(step_, done_.value_or(step_));
  }
}

void sweep::kill_after(std::size_t step) {
  if (!tried_.insert(step).second) return;
  INFO(explain(step));
  step_ = step;
  victim one{*this};
  const outcome seen = test_(one);
  strays_ += strayed_;
  if (!strayed_) judge(seen);
}

void sweep::kill_evenly() {
  const bool all = number_from_environment("TROUPE_EVERY_INSTRUCTION").value_or(0) != 0;
  stride_ = all ? 1 : std::max<std::size_t>(1, worth_a_kill_.size() / what_.kills);
  offset_ = number_from_environment("TROUPE_KILL_OFFSET").value_or(std::random_device{}()) % stride_;
  kill_after(0);
  for (std::size_t i = offset_; i < worth_a_kill_.size(); i += stride_) kill_after(worth_a_kill_[i]);
  kill_after(last_step());
}

/// Halves what lies between the two until nothing does.
void sweep::find_commit() {
  while (done_ && not_yet_) {
    const auto first = std::upper_bound(worth_a_kill_.begin(), worth_a_kill_.end(), *not_yet_);
    const auto last = std::lower_bound(first, worth_a_kill_.end(), *done_);
    if (first == last) return;
    kill_after(*(first + (last - first) / 2));
    if (strayed_) return;
  }
}

void sweep::kill_near_commit() {
  if (!done_) return;
  const std::size_t near = std::min(near_the_commit, what_.kills / 10);
  const std::size_t first = *done_ - std::min(*done_, near);
  const std::size_t last = std::min(*done_ + near, last_step());
  for (std::size_t step = first; step <= last; ++step)
    if (std::binary_search(worth_a_kill_.begin(), worth_a_kill_.end(), step)) kill_after(step);
}

void sweep::report() const {
  std::ostringstream text;
  text << what_.operation << ": " << last_step() << " steps, killed after " << tried_.size() << " of them";
  if (stride_ > 1) text << " (TROUPE_KILL_OFFSET=" << offset_ << ")";
  if (done_ && *done_ > 0) text << ", done by step " << *done_ << " at " << place_of(path_[*done_ - 1]);
  if (strays_ > 0) text << "; " << strays_ << " took another way";
  std::printf("%s\n", text.str().c_str());
}

void sweep::run() {
  {
    INFO(what_.operation << ", killed at its end");
    victim first{*this};
    test_(first);
    REQUIRE_FALSE(path_.empty());  // the test ran its victim
  }
  if (const auto only = number_from_environment("TROUPE_KILL_STEP")) {
    kill_after(std::min(*only, last_step()));
    return;
  }
  const footprint before = footprint::now();
  kill_evenly();
  find_commit();
  kill_near_commit();
  if (what_.repeatable) {
    INFO(what_.operation << ": " << strays_ << " of " << tried_.size() << " runs did not take the first one's steps");
    CHECK(strays_ <= tried_.size() / 2);
  }
  const footprint after = footprint::settled_within(before);
  INFO(what_.operation << ": before there were " << before << ", afterwards there are " << after);
  CHECK(after.is_within(before));
  report();
}

namespace {

/// Whether a process like the victims may be traced. It waits at its gate until it is killed.
bool may_trace() {
  const unique_fd gate{::eventfd(0, EFD_CLOEXEC)};
  process trial{[](marks marks) { marks.around([] {}); }, marks{gate.duplicate()}};
  trial.start();
  const bool may = stepped_process{}.seize(*trial.pid());
  trial.kill();
  return may;
}

}  // namespace

bool kill_at_every_instruction(const followed& what, const std::function<outcome(victim&)>& test) {
  const char* reason = why_not_steppable();
  if (reason == nullptr && !may_trace()) reason = "this user may not trace processes, see ptrace(2)";
  if (reason != nullptr) {
    WARN(what.operation << " is not followed: " << reason);
    return false;
  }
  sweep{what, test}.run();
  return true;
}

// -- one run ---------------------------------------------------------------------------------------------------------

unique_fd victim::make_gate() {
  gate_ = unique_fd{::eventfd(0, EFD_CLOEXEC)};
  if (!gate_) throw_errno("eventfd", "gate");
  return gate_.duplicate();
}

void victim::run_and_kill(process& subject) {
  subject.start();
  plan_.drive(*subject.pid(), gate_.get());
  subject.join();
  REQUIRE(subject.exit_code() == -SIGKILL);
}

}  // namespace troupe::test
