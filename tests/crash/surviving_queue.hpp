#pragma once

#include "support/catch.hpp"
#include "support/kill_at_every_instruction.hpp"
#include "troupe/queue.hpp"

#include <chrono>
#include <string>
#include <vector>

/// What the survivors do with a queue, one user of which was killed.
namespace troupe::test {

inline constexpr auto soon = std::chrono::seconds{20};  // for what survivors can do at once

inline std::string large(char letter) { return std::string(std::size_t{300} << 10, letter); }

/// Takes everything that is in a queue, by way of a fresh item: so the survivors can put and get.
template <class T>
std::vector<T> content(queue<T>& q, const T& fresh) {
  REQUIRE(q.try_put_for(fresh, soon));
  std::vector<T> items;
  do items.push_back(q.try_get_for(soon).value());
  while (!q.empty());
  REQUIRE(items.back() == fresh);
  items.pop_back();
  return items;
}

inline outcome as_outcome(bool done) { return done ? outcome::done : outcome::not_yet; }

}  // namespace troupe::test
