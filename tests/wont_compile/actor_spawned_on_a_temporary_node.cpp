// expect: use of deleted function | call to deleted member function
#include "troupe/actor/actor.hpp"
#include "troupe/actor/system.hpp"

struct greet {};
struct greeter_api : troupe::protocol<greet> {};
struct greeter : troupe::actor<greeter_api> {
  void on(const greet&) {}
};

void start(troupe::system& home) {
#ifdef FIXED
  const auto node = home.start_node();
  node.spawn<greeter>().tell(greet{});
#else
  home.start_node().spawn<greeter>();  // here
#endif
}
