// expect: this step returns nothing that could be passed on
// errors: 1
#include "troupe/pipeline.hpp"

#include <vector>

#ifdef FIXED
int look(int number) { return number; }
#else
void look(int) {}
#endif

int add(int a, int b) { return a + b; }

int sum(troupe::system& system, const std::vector<int>& numbers) {
  auto looked = troupe::from("numbers", numbers).then("look", look);  // here
  return std::move(looked).fold("sum", add, 0).run(system).value;
}
