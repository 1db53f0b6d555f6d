#include "troupe/transport/shareable_list.hpp"

#include "troupe/base/error.hpp"
#include "troupe/transport/shareable_list_layout.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

using memory::data_block;
using memory::data_lock;
using transport::item_state;
using transport::list_slot;
using kind = any_value::kind;

namespace {

[[noreturn]] void throw_corrupt(std::size_t index, const char* how) {
  throw error{errc::malformed,
              "item " + std::to_string(index) + " of a shareable list in shared memory is corrupt: " + how};
}

/// An item as the bytes in its place. Refers to the item.
class encoded {
 public:
  explicit encoded(const any_value& item) : kind_{item.type()} {
    switch (kind_) {
    case kind::nothing: return;
    case kind::boolean: hold(item.as_bool()); return;
    case kind::integer: hold(item.as_integer()); return;
    case kind::floating: hold(item.as_float()); return;
    case kind::string: bytes_ = std::as_bytes(std::span{item.as_string()}); return;
    case kind::bytes: bytes_ = item.as_bytes(); return;
    case kind::list:
    case kind::dict: break;
    }
    throw error{errc::invalid_argument, std::string{to_string(kind_)}
                                            + " cannot be an item of a shareable list: items are "
                                              "none, booleans, integers, floating numbers, strings and bytes"};
  }
  encoded(const encoded&) = delete;
  encoded& operator=(const encoded&) = delete;
  ~encoded() = default;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] kind type() const noexcept { return kind_; }
  [[nodiscard]] item_state state(std::uint8_t copy) const noexcept {
    return {static_cast<std::uint8_t>(kind_), copy, bytes_.size()};
  }

 private:
  template <class T>
  void hold(T number) noexcept {
    std::memcpy(number_.data(), &number, sizeof number);
    bytes_ = std::span{number_}.first(sizeof number);
  }

  kind kind_;
  std::array<std::byte, 8> number_{};
  std::span<const std::byte> bytes_;
};

std::size_t place_for(const any_value& item) {
  const std::size_t size = encoded{item}.bytes().size();
  if (size > shareable_list::largest_item)
    throw error{errc::message_too_large,
                "an item of " + std::to_string(size) + " bytes is too large for a shareable list: 1 GiB is the most"};
  return std::max<std::size_t>((size + 7) / 8 * 8, 8);
}

list_slot* slots(const data_block& block) { return reinterpret_cast<list_slot*>(block.elements()); }

/// A place whose bytes are known to be inside of the memory, whatever the slot says later.
struct place {
  list_slot* slot;
  std::byte* bytes;
  std::size_t capacity;

  [[nodiscard]] std::byte* copy(std::uint8_t which) const noexcept { return bytes + which * capacity; }
};

place checked_place(const data_block& block, std::size_t index) {
  if (index >= block.count()) transport::throw_outside(index, 1, block.count());
  list_slot* slot = slots(block) + index;
  const std::uint64_t offset = std::atomic_ref{slot->offset}.load(std::memory_order_relaxed);  // read once
  const std::uint64_t capacity = std::atomic_ref{slot->capacity}.load(std::memory_order_relaxed);
  if (capacity > shareable_list::largest_item || 2 * capacity > block.room() || offset > block.room() - 2 * capacity)
    throw_corrupt(index, "its place is not inside of the memory");
  return {slot, block.elements() + offset, capacity};
}

template <class T>
T number_in(std::span<const std::byte> bytes, std::size_t index) {
  T number{};
  if (bytes.size() != sizeof number) throw_corrupt(index, "it is a number of a wrong size");
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

/// Under the lock.
any_value read(const data_block& block, std::size_t index) {
  const place from = checked_place(block, index);
  const auto state = item_state::unpack(from.slot->state.load(std::memory_order_relaxed));
  if (state.length > from.capacity) throw_corrupt(index, "it is larger than its place");
  const std::span<const std::byte> bytes{from.copy(state.copy), static_cast<std::size_t>(state.length)};
  switch (static_cast<kind>(state.kind)) {
  case kind::nothing: return none;
  case kind::boolean: return number_in<std::uint8_t>(bytes, index) != 0;
  case kind::integer: return number_in<std::int64_t>(bytes, index);
  case kind::floating: return number_in<double>(bytes, index);
  case kind::string: return std::string{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  case kind::bytes: return any_value::bytes(bytes.begin(), bytes.end());
  default: throw_corrupt(index, "it is of an unknown type");
  }
}

/// Under the lock, or before anybody else sees it. False if it does not fit.
bool write(const place& into, const encoded& item) {
  if (item.bytes().size() > into.capacity) return false;
  const auto before = item_state::unpack(into.slot->state.load(std::memory_order_relaxed));
  const auto other = static_cast<std::uint8_t>(before.copy ^ 1);
  if (!item.bytes().empty()) std::memcpy(into.copy(other), item.bytes().data(), item.bytes().size());
  into.slot->state.store(item.state(other).pack(), std::memory_order_release);  // COMMIT set
  return true;
}

}  // namespace

data_block::description shareable_list::description() {
  static const auto type = memory::data_type::of("items", sizeof(list_slot), alignof(list_slot));
  return {memory::data_kind::list, &type, true};
}

shareable_list::shareable_list(std::span<const any_value> items) {
  auto what = description();
  for (const any_value& item : items) what.extra += 2 * place_for(item);
  auto made = std::make_shared<data_block>(what, items.size());
  std::size_t offset = items.size() * sizeof(list_slot);
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto* slot = ::new (slots(*made) + i) list_slot;
    slot->offset = offset;
    slot->capacity = place_for(items[i]);
    (void)write(checked_place(*made, i), encoded{items[i]});
    offset += 2 * slot->capacity;
  }
  adopt(std::move(made));
}

any_value shareable_list::operator[](std::size_t index) const {
  const data_lock::brief_section section{block().header().lock};
  return read(block(), index);
}

any_value::list shareable_list::items() const {
  any_value::list all;
  const data_lock::brief_section section{block().header().lock};
  for (std::size_t i = 0; i < size(); ++i) all.push_back(read(block(), i));
  return all;
}

void shareable_list::set(std::size_t index, const any_value& item) {
  const encoded bytes{item};
  const place into = checked_place(block(), index);
  const data_lock::brief_section section{block().header().lock};
  if (!write(into, bytes))
    throw error{errc::message_too_large, std::string{to_string(bytes.type())} + " of "
                                             + std::to_string(bytes.bytes().size()) + " bytes exceeds the "
                                             + std::to_string(into.capacity) + " that are there for item "
                                             + std::to_string(index) + " of a shareable list"};
}

std::size_t shareable_list::capacity(std::size_t index) const { return checked_place(block(), index).capacity; }

std::size_t shareable_list::count(const any_value& item) const {
  return static_cast<std::size_t>(std::ranges::count(items(), item));
}

std::optional<std::size_t> shareable_list::find(const any_value& item) const {
  const auto all = items();
  const auto found = std::ranges::find(all, item);
  if (found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

}  // namespace troupe
