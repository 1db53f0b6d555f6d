// expect: long double is another format on each architecture
#include "troupe/wire/message.hpp"

struct message {
#ifdef FIXED
  double number;
#else
  long double number;
#endif
};

auto bytes(const message& m) {
  return troupe::wire::encode(m);  // here
}
