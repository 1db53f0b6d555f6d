// expect: this step goes with the step before it, perhaps to another process, but its function cannot travel
// errors: 1
#include "troupe/pipeline.hpp"

#include <vector>

int twice(int n) { return 2 * n; }

auto plus(const std::vector<int>& numbers, int more) {
  auto twofold = troupe::from("numbers", numbers).then("twice", twice, {.where = troupe::place::own_process});
#ifdef FIXED
  return std::move(twofold).then("plus", [&](int n) { return n + more; }, {});
#else
  return std::move(twofold).then("plus", [&](int n) { return n + more; });  // here
#endif
}
