#include "input.hpp"

#include "troupe/array.hpp"
#include "troupe/base/error.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/shareable_list.hpp"
#include "troupe/transport/shareable_list_layout.hpp"
#include "troupe/value.hpp"
#include "troupe/wire/message.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

// Shared data whose memory is overwritten before and while it is used, but for its lock: who spoils that can as well
// hold it. Each call comes back, with a result or with an error of ours. The input is a list of steps: what to do, and
// what with.

namespace {

using namespace troupe;
using fuzz::input;

/// A handle of shared data, and somebody with the same memory who keeps to no rules.
template <class Data>
class spoiled {
 public:
  explicit spoiled(Data made) : data{std::move(made)} {
    wire::outgoing_handles handles;
    bytes_ = wire::encode(data, &handles);
    memory_ = memory::region::attach(unique_fd{::dup(handles.fds()[0])});
  }
  void spoil(input& in) {
    const std::size_t at = in.take<std::uint16_t>() % 512;
    const auto word = in.take<std::uint64_t>();
    const std::size_t size = std::size_t{1} << in.below(4);
    constexpr std::size_t lock = offsetof(memory::data_header, lock);
    if (at + size > lock && at < lock + sizeof(memory::data_lock)) return;
    std::memcpy(memory_.data() + at, &word, size);
  }
  /// As if the handle had come in a message.
  void arrive() {
    std::vector<unique_fd> fds;
    fds.emplace_back(::dup(memory_.fd()));
    wire::incoming_handles handles{std::move(fds)};
    data = wire::decode<Data>(bytes_.span(), &handles);
  }

  Data data;

 private:
  wire::buffer bytes_;
  memory::region memory_;
};

using block = std::array<std::uint64_t, 700>;  // two of them do not fit into the two pages of one

class everything {
 public:
  void step(input& in) {
    switch (in.below(14)) {
    case 0:
    case 1:
    case 2: return list_.spoil(in);
    case 3: return large_.spoil(in);
    case 4: return numbers_.spoil(in);
    case 5: return list_.arrive();
    case 6: return large_.arrive();
    case 7: return numbers_.arrive();
    case 8: return list_.data.set(in.below(5), std::string(in.below(40), 'x'));
    case 9: return list_.data.set(in.below(5), std::int64_t{7});
    case 10: return (void)list_.data[in.below(5)];
    case 11: return (void)list_.data.items();
    case 12: return (void)large_.data.exchange(large_.data.load());
    default: numbers_.data.fetch_add(in.below(12), 1); numbers_.data.fill(1);
    }
  }

 private:
  spoiled<shareable_list> list_{shareable_list{1, none, "a string of 30 bytes, or so it"}};
  spoiled<value<block>> large_{value<block>{}};
  spoiled<array<int>> numbers_{array<int>(10)};
};

bool is_expected(const error& e) {
  for (const errc code : {errc::malformed, errc::type_mismatch, errc::message_too_large, errc::invalid_argument})
    if (e.code() == code) return std::strlen(e.what()) > 20;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  everything all;
  input in{{data, size}};
  while (!in.empty()) {
    try {
      all.step(in);
    } catch (const error& e) {
      if (is_expected(e)) continue;
      std::fprintf(stderr, "not an error for its caller: %s\n", e.what());
      std::abort();
    }
  }
  return 0;
}
