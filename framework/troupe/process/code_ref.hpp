#pragma once

#include <cstdint>

namespace troupe {

/// The address of a function in a form that another process of the same program can turn back into an address: which
/// module of the program it lies in, and where in it. Checked on arrival; bytes that lie never become a jump.
struct code_ref {
  std::uint64_t module = 0;  ///< hash of the module's file name
  std::uint64_t offset = 0;  ///< from its load address

  /// Throws errc::unknown_function if `function` lies in no loaded module.
  [[nodiscard]] static code_ref of(const void* function);
  /// Throws errc::unknown_function if the module is not loaded here or the place in it is not executable.
  [[nodiscard]] const void* resolve() const;

  bool operator==(const code_ref&) const = default;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & module & offset;
  }
};

}  // namespace troupe
