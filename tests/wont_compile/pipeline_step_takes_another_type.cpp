// expect: this step cannot take what the part of the pipeline before it yields
// errors: 1
#include "troupe/pipeline.hpp"

#include <string>
#include <vector>

std::string text(int number) { return std::to_string(number); }
#ifdef FIXED
int length(const std::string& text) { return static_cast<int>(text.size()); }
#else
int length(const std::vector<int>& numbers) { return static_cast<int>(numbers.size()); }
#endif
int add(int a, int b) { return a + b; }

int sum(troupe::system& system, const std::vector<int>& numbers) {
  auto texts = troupe::from("numbers", numbers).then("text", text);
  auto lengths = std::move(texts).then("length", length);  // here
  return std::move(lengths)
      .then("twice", text, {.width = 2})
      .then("length again", [](const std::string& t) { return static_cast<int>(t.size()); })
      .fold("sum", add, 0)
      .run(system)
      .value;
}
