// expect: an aggregate with a base class needs a serialize
#include "troupe/wire/message.hpp"

struct base {
  int number;
};
#ifdef FIXED
struct message {
  base first;
  int second;
};
#else
struct message : base {
  int second;
};
#endif

auto bytes(const message& m) {
  return troupe::wire::encode(m);  // here
}
