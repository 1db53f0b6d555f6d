// A child puts a list of different things into a queue.
#include <iostream>
#include <troupe/troupe.hpp>

using troupe::any_value;

void fill(troupe::queue<any_value> q) { q.put(any_value::list{42, troupe::none, "hello"}); }

int main() {
  troupe::system system;

  troupe::queue<any_value> q;
  troupe::process child{fill, q};
  child.start();
  std::cout << q.get() << '\n';
  child.join();
}
