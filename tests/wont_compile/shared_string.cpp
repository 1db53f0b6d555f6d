// expect: what lies in shared memory is plain bytes: the type must be trivially copyable
#include "troupe/value.hpp"

#include <string>

void share() {
#ifdef FIXED
  troupe::value<int> name;
#else
  troupe::value<std::string> name;  // here
#endif
  static_cast<void>(name.is_open());
}
