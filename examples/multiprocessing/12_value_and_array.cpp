// A child changes a shared number and a shared array.
#include <iomanip>
#include <iostream>
#include <numeric>
#include <troupe/troupe.hpp>

void change(troupe::value<double> number, troupe::array<int> numbers) {
  number.store(3.1415927);
  for (int& n : numbers) n = -n;
}

int main() {
  troupe::system system;

  troupe::value<double> number{0.0};
  troupe::array<int> numbers(10);
  std::iota(numbers.begin(), numbers.end(), 0);

  troupe::process child{change, number, numbers};
  child.start();
  child.join();

  std::cout << std::setprecision(8) << number.load() << "\n[";
  for (const char* separator = ""; const int n : numbers) {
    std::cout << separator << n;
    separator = ", ";
  }
  std::cout << "]\n";
}
