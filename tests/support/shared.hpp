#pragma once

#include "troupe/base/error.hpp"
#include "troupe/base/unique_fd.hpp"

#include <sys/mman.h>
#include <type_traits>
#include <unistd.h>
#include <utility>

namespace troupe::test {

/// A `T` that several processes see and that outlives each of them: what a test writes down outside of its victims.
/// It starts as zeros, and only what is touched takes memory. A handle: it travels as an argument of a process.
template <class T>
  requires std::is_trivially_destructible_v<T>
class shared {
 public:
  shared() noexcept = default;  ///< none
  [[nodiscard]] static shared make() {
    unique_fd file{::memfd_create("test-shared", MFD_CLOEXEC)};
    if (!file) throw_errno("memfd_create", "test-shared");
    if (::ftruncate(file.get(), sizeof(T)) != 0) throw_errno("ftruncate", "test-shared");
    return shared{std::move(file)};
  }
  shared(shared&& other) noexcept : file_{std::move(other.file_)}, object_{std::exchange(other.object_, nullptr)} {}
  shared(const shared& other) : shared{unique_fd{::dup(other.file_.get())}} {}
  shared& operator=(shared other) noexcept {
    std::swap(file_, other.file_);
    std::swap(object_, other.object_);
    return *this;
  }
  ~shared() {
    if (object_ != nullptr) ::munmap(object_, sizeof(T));
  }

  [[nodiscard]] T* operator->() const noexcept { return static_cast<T*>(object_); }
  [[nodiscard]] T& operator*() const noexcept { return *static_cast<T*>(object_); }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value)
      archive.save_handle(file_.get());
    else
      *this = shared{archive.load_handle()};
  }

 private:
  explicit shared(unique_fd file) : file_{std::move(file)} {
    void* place = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    if (place == MAP_FAILED) throw_errno("mmap", "test-shared");
    object_ = place;
  }

  unique_fd file_;
  void* object_ = nullptr;
};

}  // namespace troupe::test
