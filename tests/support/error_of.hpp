#pragma once

#include "troupe/base/error.hpp"

namespace troupe::test {

/// The code of the error that `f` throws; none if it returns.
template <class F>
errc error_of(F f) {
  try {
    f();
  } catch (const error& e) {
    return static_cast<errc>(e.code().value());
  }
  return errc{};
}

}  // namespace troupe::test
