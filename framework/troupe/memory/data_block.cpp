#include "troupe/memory/data_block.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/log.hpp"
#include "troupe/memory/owner.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <mutex>
#include <new>
#include <utility>

namespace troupe::memory {

namespace {

constexpr std::size_t largest = std::size_t{1} << 46;  // what a process can address at all

std::size_t bytes_for(const data_block::description& what, std::size_t count) {
  const std::size_t each = what.type->size * what.copies;
  if (what.extra > largest || (each != 0 && count > (largest - data_offset - what.extra) / each))
    throw error{errc::out_of_memory, std::to_string(count) + " elements of " + std::to_string(what.type->size)
                                         + " bytes are more than a process can address"};
  return data_offset + count * each + what.extra;
}

std::string describe(data_kind kind, bool guarded, std::string_view type) {
  std::string text{kind == data_kind::value ? "a value of " : kind == data_kind::array ? "an array of " : "a list of "};
  return text.append(type).append(guarded ? " with a lock" : " without a lock");
}

std::string_view text_in(const std::array<char, 84>& room) {
  return {room.data(), static_cast<std::size_t>(std::find(room.begin(), room.end(), '\0') - room.begin())};
}

/// How many elements are there, all of them inside of the memory.
std::size_t checked_count(const region& memory, const data_block::description& expected) {
  if (memory.size() < data_offset)
    throw error{errc::malformed, "a handle of shared data refers to memory that is too small for any"};
  const auto& header = *reinterpret_cast<data_header*>(memory.data());
  const std::uint32_t version = header.version;
  if (std::atomic_ref{const_cast<std::uint64_t&>(header.magic)}.load(std::memory_order_acquire) != data_magic)
    throw error{errc::malformed, "a handle of shared data refers to memory that holds none"};
  if (version != data_version)
    throw error{errc::malformed, "shared data of layout version " + std::to_string(version)
                                     + " arrived; this program knows " + std::to_string(data_version)
                                     + ": build both from one version of troupe"};
  const std::array<char, 84> name = header.type_name;
  const std::uint64_t count = header.count;
  const std::uint64_t size = expected.type->size;
  if (header.kind != expected.kind || header.type != expected.type->hash || header.element_size != size
      || (header.guarded != 0) != expected.guarded)
    throw error{errc::type_mismatch, describe(header.kind, header.guarded != 0, text_in(name)) + " arrived where "
                                         + describe(expected.kind, expected.guarded, expected.type->name)
                                         + " is expected"};
  if (expected.kind == data_kind::value && count != 1)
    throw error{errc::malformed, "a shared value says to be " + std::to_string(count) + " values"};
  if (size != 0 && count > (memory.size() - data_offset) / size / expected.copies)
    throw error{errc::malformed, "shared data says to hold " + std::to_string(count) + " elements of "
                                     + std::to_string(size) + " bytes, but its memory is smaller"};
  return count;
}

std::string describe_this_process() {
  std::string text{owner::is_copy() ? "a copy that fork() made of " : ""};
  return text.append(owner::describe(owner::self()));
}

void keep_for_ever(region memory) {
  static auto& kept = *new std::deque<region>;  // not even unmapped when the program ends
  static std::mutex one_at_a_time;
  const std::lock_guard guard{one_at_a_time};
  kept.push_back(std::move(memory));
}

}  // namespace

data_type data_type::of(std::string name, std::size_t size, std::size_t alignment) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a, 64 bits
  const auto mix = [&](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  };
  mix(name);
  mix("|" + std::to_string(size) + "|" + std::to_string(alignment));
  return {std::move(name), size, hash};
}

data_block::data_block(const description& what, std::size_t count)
    : count_{count}
    , region_{region::create(what.type->name, bytes_for(what, count), bytes_for(what, count))} {
  auto* fresh = new (region_.data()) data_header;
  fresh->kind = what.kind;
  fresh->type = what.type->hash;
  fresh->element_size = what.type->size;
  fresh->count = count;
  fresh->guarded = what.guarded ? 1 : 0;
  std::copy_n(what.type->name.begin(), std::min(what.type->name.size(), fresh->type_name.size() - 1),
              fresh->type_name.begin());
  std::atomic_ref{fresh->magic}.store(data_magic, std::memory_order_release);
}

data_block::data_block(const description& expected, unique_fd file)
    : count_{0}
    , region_{region::attach(std::move(file))} {
  count_ = checked_count(region_, expected);
}

data_block::~data_block() {
  const std::uint32_t holds = holds_.load(std::memory_order_relaxed);  // or fewer: a thread may have died with it
  if (holds == 0 || born_.is_of_original()) return;
  const auto how = header().lock.abandon(holds);
  if (how == data_lock::abandoning::nobody_held_it) return;
  log(log_level::warning, describe(header().kind, true, text_in(header().type_name))
                              + " was let go of while it was locked; whoever locks it next finds it abandoned");
  if (how == data_lock::abandoning::done) return;
  try {
    keep_for_ever(std::move(region_));  // by another thread, whose list of locks leads through this memory
  } catch (const std::bad_alloc&) {
    // Then the memory goes; that thread has no handle left to unlock it with.
  }
}

// Relaxed, and no read-modify-write: `holds_` changes under the lock.
bool data_block::entered(bool locked) noexcept {
  if (locked) holds_.store(holds_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return locked;
}

void data_block::unlock() {
  if (!header().lock.begin_unlock()) throw_not_held();
  if (const std::uint32_t holds = holds_.load(std::memory_order_relaxed); holds != 0)  // else by way of another block
    holds_.store(holds - 1, std::memory_order_relaxed);
  header().lock.end_unlock();
}

void data_block::throw_not_held() const {
  throw error{errc::invalid_argument,
              describe(header().kind, true, text_in(header().type_name)) + " cannot be unlocked by this thread of "
                  + describe_this_process()
                  + ", which does not hold it: unlock it once for each lock, in the same thread"};
}

}  // namespace troupe::memory
