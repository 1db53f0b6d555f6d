// expect: a pointer means nothing in another process: share an index instead
#include "troupe/array.hpp"

void share() {
#ifdef FIXED
  troupe::array<int> numbers(10);
#else
  troupe::array<int*> numbers(10);  // here
#endif
  static_cast<void>(numbers.size());
}
