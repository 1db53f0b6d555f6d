#pragma once

#include "troupe/process.hpp"

namespace troupe::test {

/// Runs a process to its end; returns its exit code.
inline int run(process p) {
  p.start();
  p.join();
  return p.exit_code().value();
}

inline int return_it(int code) { return code; }

}  // namespace troupe::test
