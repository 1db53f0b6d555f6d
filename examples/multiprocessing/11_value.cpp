// Five children add 1 to a shared value under its lock.
#include <iostream>
#include <mutex>
#include <troupe/troupe.hpp>
#include <vector>

void add_one(troupe::value<int> number) {
  const std::scoped_lock guard{number};
  number.store(number.load() + 1);  // two steps, so under the lock; number.fetch_add(1) is one
}

int main() {
  troupe::system system;

  troupe::value<int> number{0};
  std::vector<troupe::process> children;
  for (int i = 0; i < 5; ++i) children.emplace_back(add_one, number).start();
  for (troupe::process& child : children) child.join();
  std::cout << number.load() << '\n';
}
