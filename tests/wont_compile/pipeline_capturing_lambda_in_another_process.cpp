// expect: this step function cannot travel to another process: a lambda must not capture
// errors: 1
#include "troupe/pipeline.hpp"

#include <vector>

auto plus(const std::vector<int>& numbers, int more) {
#ifdef FIXED
  return troupe::from("numbers", numbers).then("plus", [&](int n) { return n + more; }, {.where = troupe::place::here});
#else
  return troupe::from("numbers", numbers)
      .then("plus", [&](int n) { return n + more; }, {.where = troupe::place::own_process});  // here
#endif
}
