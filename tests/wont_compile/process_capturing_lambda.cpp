// expect: a lambda must not capture (pass what it captures as arguments, or use troupe::bind)
// errors: 1
#include "troupe/process.hpp"

int run(int more) {
#ifdef FIXED
  troupe::process p{[](int n) { return n + 1; }, more};
#else
  troupe::process p{[more] { return more + 1; }};  // here
#endif
  p.start();
  return p.exit_code().value_or(0);
}
