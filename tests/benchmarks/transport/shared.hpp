#pragma once

#include <cerrno>
#include <new>
#include <sys/mman.h>
#include <system_error>
#include <type_traits>
#include <utility>

namespace bench {

/// A T in memory that this process shares with those it forks from now on, backed by memory from the start.
template <class T>
class shared {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  shared() {
    void* const memory =
        mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error{errno, std::system_category(), "mmap of shared memory"};
    object_ = new (memory) T;  // default initialised: the pages are zero, and a large array stays untouched
  }
  shared(shared&& other) noexcept : object_{std::exchange(other.object_, nullptr)} {}
  shared& operator=(shared&&) = delete;
  ~shared() {
    if (object_ != nullptr) munmap(object_, sizeof(T));
  }

  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }

 private:
  T* object_;
};

}  // namespace bench
