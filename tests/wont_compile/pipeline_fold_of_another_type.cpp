// expect: this fold takes neither (Acc&, Item&&) nor (Acc, Item)
// errors: 1
#include "troupe/pipeline.hpp"

#include <string>
#include <vector>

#ifdef FIXED
void append(std::string& all, int number) { all += std::to_string(number); }
#else
void append(std::string& all, const std::string& text) { all += text; }
#endif

std::string joined(troupe::system& system, const std::vector<int>& numbers) {
  auto plan = troupe::from("numbers", numbers).fold("append", append, std::string{});  // here
  return plan.run(system).value;
}
