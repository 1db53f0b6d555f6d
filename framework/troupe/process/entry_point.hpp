#pragma once

#include "troupe/process/code_ref.hpp"
#include "troupe/wire/load_archive.hpp"

namespace troupe::tree {

/// What a new process runs: decodes its callable and arguments, calls it, gives the exit code.
using entry_function = int (*)(wire::load_archive&);

/// The list of all entry functions of this program, filled before main. A code_ref that came from outside is only
/// called as an entry function if it is one.
class entry_point {
 public:
  explicit entry_point(entry_function function) noexcept;
  entry_point(const entry_point&) = delete;
  entry_point& operator=(const entry_point&) = delete;
  ~entry_point() = default;

  [[nodiscard]] code_ref ref() const;
  /// Throws errc::unknown_function.
  [[nodiscard]] static entry_function find(const code_ref& ref);

 private:
  entry_function function_;
  const entry_point* next_;
};

}  // namespace troupe::tree
