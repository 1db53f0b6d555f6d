// expect: the actor has no public handler `on(const Message&)` for this message of its protocol
// errors: 1
#include "troupe/actor/system.hpp"

struct deposit {
  long amount = 0;
};
struct balance {
  using reply = long;
};
struct account_api : troupe::protocol<deposit, balance> {};

class account : public troupe::actor<account_api> {
 public:
  void on(const deposit& m) { balance_ += m.amount; }
#ifdef FIXED
  long on(const balance&) { return balance_; }
#endif

 private:
  long balance_ = 0;
};

troupe::ref<account_api> use(troupe::system& system) { return system.spawn<account>(); }  // here
