#pragma once

#include "troupe/pipeline/progress.hpp"

#include <string>

namespace troupe::pipeline {

/// "files 1234/5678  21 %  4321/s  parse 16": items finished of those known, how many a second, what waits at each
/// step.
[[nodiscard]] std::string describe(const progress& now, const std::string& source);

/// One line at the bottom of a terminal that is written over and over. Nothing at all if stderr is no terminal.
class progress_line {
 public:
  progress_line(bool wanted, std::string source);
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() { wipe(); }

  [[nodiscard]] bool active() const noexcept { return active_; }
  void show(const progress& now);
  void wipe() noexcept;

 private:
  const bool active_;
  bool written_ = false;
  const std::string source_;
};

}  // namespace troupe::pipeline
