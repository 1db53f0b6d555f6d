// expect: this message is not in the protocol of the actor that the ref names
// errors: 1
#include "troupe/actor/ref.hpp"

struct deposit {
  long amount = 0;
};
struct withdraw {
  long amount = 0;
};
struct account_api : troupe::protocol<deposit> {};

void use(const troupe::ref<account_api>& account) {
#ifdef FIXED
  account.tell(deposit{5});
#else
  account.tell(withdraw{5});  // here
#endif
}
