#include "troupe/base/standard_streams.hpp"

#include <cstdio>
#include <iostream>

namespace troupe {

namespace {

template <class Stream>
void flush(Stream& stream) noexcept {
  try {
    stream.flush();
  } catch (...) {  // the program made its stream throw; there is nobody left to catch that
  }
}

}  // namespace

void flush_standard_streams() noexcept {
  flush(std::cout);
  flush(std::cerr);
  flush(std::clog);
  flush(std::wcout);
  flush(std::wcerr);
  flush(std::wclog);
  std::fflush(nullptr);  // last: streams in step with stdio write there
}

}  // namespace troupe
