#include "support/allocations.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

#if defined(__has_feature)
  #if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    #define TROUPE_TEST_SANITIZED
  #endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  #define TROUPE_TEST_SANITIZED
#endif

// Counts what the code under test allocates: in the whole test program operator new is replaced, or, where a sanitizer
// has its own, which sees more mistakes, the sanitizer tells us.

namespace {

thread_local std::size_t taken = 0;
thread_local std::size_t largest_taken = 0;

void count(std::size_t size) noexcept {
  ++taken;
  largest_taken = std::max(largest_taken, size);
}

}  // namespace

#if defined(TROUPE_TEST_SANITIZED)

extern "C" void __sanitizer_malloc_hook(const volatile void*, std::size_t size) { count(size); }

#else

namespace {

void* take(std::size_t size, std::size_t alignment) noexcept {
  count(size);
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return std::malloc(std::max<std::size_t>(size, 1));
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}
void* take_or_throw(std::size_t size, std::size_t alignment) {
  void* memory = take(size, alignment);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return take_or_throw(size, 0); }
void* operator new[](std::size_t size) { return take_or_throw(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) { return take_or_throw(size, std::size_t(alignment)); }
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return take_or_throw(size, std::size_t(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return take(size, 0); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return take(size, 0); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#endif

namespace troupe_test {

allocations::allocations() noexcept : before_{taken} { largest_taken = 0; }
std::size_t allocations::count() const noexcept { return taken - before_; }
std::size_t allocations::largest() const noexcept { return largest_taken; }

}  // namespace troupe_test
