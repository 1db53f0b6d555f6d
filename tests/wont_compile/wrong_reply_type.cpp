// expect: the actor's handler for this message does not return what the message names as its reply
// errors: 1
#include "troupe/actor/system.hpp"

#include <string>

struct balance {
  using reply = long;
};
struct account_api : troupe::protocol<balance> {};

class account : public troupe::actor<account_api> {
 public:
#ifdef FIXED
  long on(const balance&) { return 5; }
#else
  std::string on(const balance&) { return "five"; }
#endif
};

troupe::ref<account_api> use(troupe::system& system) { return system.spawn<account>(); }  // here
