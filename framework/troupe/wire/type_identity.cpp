#include "troupe/wire/type_identity.hpp"

#include "troupe/base/error.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>

namespace troupe::wire {

namespace {

// All known types, newest first. An entry is complete before the release store that shows it (TYPE LIST) and never
// changes or goes away afterwards, so a reader needs nothing but the acquire load with the same label.
constinit std::atomic<const known_type*> newest{nullptr};

}  // namespace

void shape::mix(std::string_view text) noexcept {
  for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
}

bool shape::enter(const void* type, name_function name) {
  const auto found = std::ranges::find(seen_, type);
  if (found != seen_.end()) {
    mix("#" + std::to_string(found - seen_.begin()) + ",");
    return false;
  }
  seen_.push_back(type);
  mix(name() + "(");
  return true;
}

known_type::known_type(const shape& whole, std::string name)
    : name_{std::move(name)}
    , identity_{whole.named(name_)}
    , next_{newest.load(std::memory_order_relaxed)} {
  // TYPE LIST: release. The relaxed load above and below only proposes a successor; the exchange checks it.
  while (!newest.compare_exchange_weak(next_, this, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

std::string name_of_type(std::uint64_t hash) {
  // TYPE LIST: acquire
  for (auto* entry = newest.load(std::memory_order_acquire); entry != nullptr; entry = entry->next()) {
    if (entry->identity().hash == hash) return std::string{entry->identity().name};
  }
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), hash, 16).ptr;
  return "an unknown type (hash 0x" + std::string{digits.data(), end} + ")";
}

void throw_type_mismatch(std::uint64_t expected, std::uint64_t arrived) {
  throw error{errc::type_mismatch, "a message of type " + name_of_type(arrived) + " arrived where "
                                       + name_of_type(expected) + " is expected"};
}

}  // namespace troupe::wire
