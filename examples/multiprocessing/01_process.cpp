// A function runs in a process of its own.
#include <iostream>
#include <string>
#include <troupe/troupe.hpp>
#include <unistd.h>

void greet(const std::string& name) { std::cout << "hello, " << name << ", from process " << getpid() << '\n'; }

int main() {
  troupe::system system;

  troupe::process child{greet, "bob"};
  std::cout << "before start it has " << (child.pid() ? "a pid" : "no pid") << std::endl;
  child.start();
  child.join();

  std::cout << "it was process " << *child.pid() << ", another than this one: " << std::boolalpha
            << (*child.pid() != getpid()) << '\n'
            << "it ended with " << *child.exit_code() << '\n';
}
