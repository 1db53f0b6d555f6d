#include "support/allocations.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

// Replaces operator new in the whole test program, to count what the code under test allocates.

namespace {

thread_local std::size_t taken = 0;
thread_local std::size_t largest_taken = 0;

void* take(std::size_t size, std::size_t alignment) {
  ++taken;
  largest_taken = std::max(largest_taken, size);
  void* memory = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                     ? std::malloc(std::max<std::size_t>(size, 1))
                     : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return take(size, 0); }
void* operator new[](std::size_t size) { return take(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) { return take(size, std::size_t(alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) { return take(size, std::size_t(alignment)); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace troupe_test {

allocations::allocations() noexcept : before_{taken} { largest_taken = 0; }
std::size_t allocations::count() const noexcept { return taken - before_; }
std::size_t allocations::largest() const noexcept { return largest_taken; }

}  // namespace troupe_test
