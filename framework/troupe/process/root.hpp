#pragma once

#include <memory>

/// Internal to `troupe::system`.
namespace troupe::tree {

/// Makes this process the first of a tree: creates the process table and forks the servers. In these and in every child
/// the constructor never returns: a child runs its function and exits there.
///
/// Construct it before the program has threads: a second thread could hold a lock at the moment of the fork that nobody
/// in a child would ever release. Throws errc::already_started if this process belongs to a tree, errc::unsupported
/// if there are threads or the kernel is too old. Destroying it terminates this process's daemons, waits for its other
/// children, and ends the servers.
class root {
 public:
  root();
  root(const root&) = delete;
  root& operator=(const root&) = delete;
  ~root();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

struct image_order;
/// In a fresh image of the program that is to be the new keeper.
[[noreturn]] void serve_anew(const image_order& order);

}  // namespace troupe::tree
