// A child sends a list through a pipe and closes its end.
#include <iostream>
#include <troupe/troupe.hpp>
#include <utility>

using troupe::any_value;

void answer(troupe::connection parent) {
  parent.send(any_value{any_value::list{42, troupe::none, "hello"}});
  parent.close();
}

int main() {
  troupe::system system;

  auto [here, there] = troupe::pipe();
  troupe::process child{answer, std::move(there)};
  child.start();
  std::cout << here.recv<any_value>() << '\n';
  try {
    std::cout << here.recv<any_value>() << '\n';
  } catch (const troupe::error& e) {
    std::cout << e.what() << '\n';
  }
  child.join();
}
