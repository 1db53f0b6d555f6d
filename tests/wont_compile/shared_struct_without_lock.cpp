// expect: this type does not fit into a word of the processor, so reading and writing it as a whole needs the lock
#include "troupe/value.hpp"

struct point {
  double x;
  double y;
};

point read() {
#ifdef FIXED
  troupe::value<point> where;
#else
  troupe::value<point, troupe::unlocked> where;
#endif
  return where.load();  // here
}
