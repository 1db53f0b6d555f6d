#pragma once

#include <cstdint>
#include <string>

/// Who owns what in shared memory. A process that takes something and may die before it gives it back signs for it with
/// its **owner word**; whoever finds the signature asks here whether its writer is dead. Only proof counts: a process
/// that is stopped, slow or silent is alive.
namespace troupe::memory::owner {

/// `slot << 32 | generation` of the process table; no two processes of a tree ever have the same. The slot is below
/// 2^16.
using word = std::uint64_t;
/// Signs for a program without a troupe::system: it has no other process that could wonder.
inline constexpr word alone = 0;

/// What the process room knows of the tree. Thread-safe.
class registry {
 public:
  virtual ~registry() = default;
  /// True only when the process can store nothing any more.
  [[nodiscard]] virtual bool is_dead(word who) const noexcept = 0;
  /// "process bank (pid 42)".
  [[nodiscard]] virtual std::string describe(word who) const = 0;
};

/// Makes `self` this process's word. Called once by the process room, before any thread signs.
void use(word self, const registry& tree) noexcept;
/// Ends that, when this process leaves its tree.
void use_none() noexcept;

[[nodiscard]] word self() noexcept;
/// Whether this process is a copy made by fork(): it has no word of its own, and its death would be proven by nobody.
[[nodiscard]] bool is_copy() noexcept;
[[nodiscard]] bool is_dead(word who) noexcept;
[[nodiscard]] std::string describe(word who);

}  // namespace troupe::memory::owner
