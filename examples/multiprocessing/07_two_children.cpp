// Two children talk to each other through a pipe.
#include <iostream>
#include <string>
#include <troupe/troupe.hpp>
#include <utility>

void begin(troupe::connection other) {
  other.send(std::string{"hello"});
  std::cout << "the first got: " + other.recv<std::string>() + "\n" << std::flush;
}

void reply(troupe::connection other) {
  std::cout << "the second got: " + other.recv<std::string>() + "\n" << std::flush;
  other.send(std::string{"hello, too"});
}

int main() {
  troupe::system system;

  auto [one, two] = troupe::pipe();
  troupe::process first{begin, std::move(one)};
  troupe::process second{reply, std::move(two)};
  first.start();
  second.start();
  first.join();
  second.join();
}
