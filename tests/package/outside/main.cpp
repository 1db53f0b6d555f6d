#include <troupe/base/error.hpp>

#include <iostream>

int main() {
  const troupe::error timeout{troupe::errc::timeout, "the outside project works"};
  std::cout << timeout.what() << '\n';
  return timeout.code() == troupe::errc::timeout ? 0 : 1;
}
