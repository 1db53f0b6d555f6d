// expect: use of deleted function | call to implicitly-deleted copy constructor of 'troupe::unique_fd'
#include "troupe/base/unique_fd.hpp"

#include <utility>

troupe::unique_fd second_owner(troupe::unique_fd& first) {
#ifdef FIXED
  return std::move(first);
#else
  return first;  // here
#endif
}
