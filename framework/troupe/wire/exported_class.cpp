#include "troupe/wire/exported_class.hpp"

#include <array>
#include <atomic>
#include <functional>

namespace troupe::wire {

namespace {

// Two tables of chains, by key and by type. An entry is complete before the release store that shows it (CLASS TABLE)
// and never changes or goes away afterwards.
using table = std::array<std::atomic<const exported_class*>, 64>;
constinit table by_key{};
constinit table by_type{};

std::atomic<const exported_class*>& chain_of(std::string_view key) noexcept {
  return by_key[std::hash<std::string_view>{}(key) % by_key.size()];
}
std::atomic<const exported_class*>& chain_of(const std::type_info& type) noexcept {
  return by_type[type.hash_code() % by_type.size()];
}

void show(const exported_class* entry, const exported_class*& next,
          std::atomic<const exported_class*>& chain) noexcept {
  next = chain.load(std::memory_order_relaxed);  // only proposes a successor; the exchange checks it
  // CLASS TABLE: release
  while (!chain.compare_exchange_weak(next, entry, std::memory_order_release, std::memory_order_relaxed)) {
  }
}

}  // namespace

exported_class::exported_class(const object_class& description, std::string key)
    : description_{description}
    , key_{std::move(key)} {
  show(this, next_by_key_, chain_of(key_));
  show(this, next_by_type_, chain_of(*description_.type));
}

const exported_class* exported_class::find(std::string_view key) noexcept {
  const auto* entry = chain_of(key).load(std::memory_order_acquire);  // CLASS TABLE: acquire
  while (entry != nullptr && entry->key_ != key) entry = entry->next_by_key_;
  return entry;
}

const exported_class* exported_class::find(const std::type_info& type) noexcept {
  const auto* entry = chain_of(type).load(std::memory_order_acquire);  // CLASS TABLE: acquire
  while (entry != nullptr && *entry->description_.type != type) entry = entry->next_by_type_;
  return entry;
}

}  // namespace troupe::wire
