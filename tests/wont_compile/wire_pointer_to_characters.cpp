// expect: this pointer means nothing in another process
#include "troupe/wire/message.hpp"

#include <string>

struct message {
#ifdef FIXED
  std::string text;
#else
  const char* text;
#endif
};

auto bytes(const message& m) {
  return troupe::wire::encode(m);  // here
}
