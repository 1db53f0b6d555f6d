#include "troupe/memory/bulk_copy.hpp"

#include "troupe/base/deadline.hpp"

#include <chrono>
#if defined(__x86_64__)
  #include <emmintrin.h>
#endif

namespace troupe::memory {

namespace {

// The reader's share of the costs is not seen here; it is larger past the cache, unless all else is, too.
constexpr double worth_it = 0.75;

#if defined(__x86_64__)
// Whole cache lines, because a partly written one costs an access to memory for each part.
void copy_past_cache(std::byte* to, std::span<const std::byte> block) noexcept {
  constexpr std::size_t line = 64;
  const std::size_t head = (line - reinterpret_cast<std::uintptr_t>(to) % line) % line;
  std::memcpy(to, block.data(), head);
  to += head;
  block = block.subspan(head);
  for (; block.size() >= line; to += line, block = block.subspan(line)) {
    const auto* from = reinterpret_cast<const __m128i*>(block.data());
    auto* place = reinterpret_cast<__m128i*>(to);
    for (int i = 0; i < 4; ++i) _mm_stream_si128(place + i, _mm_loadu_si128(from + i));
  }
  std::memcpy(to, block.data(), block.size());
  _mm_sfence();  // a release store alone does not order non-temporal ones
}
#else
void copy_past_cache(std::byte* to, std::span<const std::byte> block) noexcept {
  std::memcpy(to, block.data(), block.size());
}
#endif

}  // namespace

void bulk_copy::copy_large(std::byte* to, std::span<const std::byte> block) noexcept {
  const std::uint32_t turn = turn_;
  turn_ = (turn_ + 1) % kept_for;
  const auto copy = [&](bool past_cache) {
    if (past_cache)
      copy_past_cache(to, block);
    else
      std::memcpy(to, block.data(), block.size());
  };
  if (turn > 1) return copy(past_cache_);

  const auto start = deadline::clock::now();
  copy(turn == 1);
  const std::chrono::duration<double, std::nano> taken = deadline::clock::now() - start;
  const double cost = taken.count() / static_cast<double>(block.size());
  if (turn == 0)
    cached_cost_ = cost;
  else
    past_cache_ = cost < worth_it * cached_cost_;
}

}  // namespace troupe::memory
