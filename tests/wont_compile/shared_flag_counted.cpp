// expect: fetch_add is for numbers
#include "troupe/value.hpp"

void count() {
#ifdef FIXED
  troupe::value<int> number;
#else
  troupe::value<bool> number;
#endif
  number.fetch_add(1);  // here
}
