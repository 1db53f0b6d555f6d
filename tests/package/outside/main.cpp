#include <iostream>
#include <troupe/troupe.hpp>

struct question {
  using reply = std::string;
  std::string about;
};
struct oracle_api : troupe::protocol<question> {};

class oracle : public troupe::actor<oracle_api> {
 public:
  std::string on(const question& m) { return m.about + " works"; }
};

int main() {
  troupe::system system;
  troupe::node away = system.start_node();
  troupe::ref<oracle_api> there = away.spawn<oracle>();
  std::cout << there.ask(question{"the outside project"}).get() << '\n';
}
