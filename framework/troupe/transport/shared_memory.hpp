#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/unique_fd.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe {

/// How shared memory is made.
struct shared_memory_options {
  /// Memory of the machine is taken only where the bytes are touched, so it may be far larger than the machine. If
  /// there is none left then, the process that touches it is killed (SIGBUS): `allocate` first what must not fail.
  /// Otherwise all of it is there from the start, or making it fails.
  bool sparse = false;
};

/// Bytes that several processes share.
///
/// Shared memory is a handle: copies refer to the same bytes, and it travels as an argument of a process and in
/// messages. With a name, unrelated programs of the same user on this machine (of one network namespace) open it:
///
///     auto frame = shared_memory::create("camera", 1 << 20);      // here
///     auto frame = shared_memory::open("camera");                 // there
///
/// All who have it own it alike, and there is nothing to unlink: the name goes, and the memory is freed, when the last
/// handle is closed, or the last process that has one has ended, however it ended. Nothing has a name in the file
/// system. Each process that has named memory runs one thread for each, which answers those who open it.
///
/// Access is not synchronised. All members but `close` are thread-safe. Throws errc::closed after `close`.
class shared_memory {
 public:
  /// A closed handle.
  shared_memory() noexcept = default;
  /// New memory, all zero. Throws errc::invalid_argument for 0 bytes, errc::out_of_memory naming the size if there is
  /// not so much.
  [[nodiscard]] static shared_memory create(std::size_t size, const shared_memory_options& options = {});
  /// The same under a name of 1 to 80 bytes, none of them zero. Throws errc::name_in_use if it is taken,
  /// errc::invalid_argument if it cannot be a name.
  [[nodiscard]] static shared_memory create(std::string_view name, std::size_t size,
                                            const shared_memory_options& options = {});
  /// The memory of this name. Waits for an answer if all who have it are stopped. Throws errc::no_such_name if nobody
  /// has it, or the last one ends meanwhile.
  [[nodiscard]] static shared_memory open(std::string_view name);
  /// Nothing if nobody answers within the limit.
  template <class Rep, class Period>
  [[nodiscard]] static std::optional<shared_memory> try_open_for(std::string_view name,
                                                                 std::chrono::duration<Rep, Period> limit) {
    return open_until(name, deadline::after(limit));
  }

  /// As many bytes as were asked for, from the start of a page on. Good as long as a handle of this process is open.
  [[nodiscard]] std::span<std::byte> bytes() const;
  [[nodiscard]] std::size_t size() const { return bytes().size(); }
  /// Empty if it has none.
  [[nodiscard]] const std::string& name() const;

  /// Sparse memory: backs [offset, offset + count), so that touching it cannot fail. Throws errc::out_of_memory;
  /// errc::invalid_argument for what is outside.
  void allocate(std::size_t offset, std::size_t count);
  /// Gives what lies wholly within [offset, offset + count) back to the machine, page by page; these bytes become zero
  /// for everybody. Throws errc::invalid_argument for what is outside.
  void release(std::size_t offset, std::size_t count);

  /// Ends the use of this handle; others, here and elsewhere, go on.
  void close() noexcept { segment_.reset(); }
  [[nodiscard]] bool is_open() const noexcept { return segment_ != nullptr; }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value) {
      const papers out = show();
      archive << out.size << out.named;
      archive.save_handle(out.memory);
      if (out.named) archive.save_handle(out.listener);
    } else {
      std::uint64_t size = 0;
      bool named = false;
      archive >> size >> named;
      unique_fd memory = archive.load_handle();
      segment_ = attach(std::move(memory), size, named ? archive.load_handle() : unique_fd{});
    }
  }

 private:
  struct segment;
  struct papers {
    std::uint64_t size;
    bool named;
    int memory;
    int listener;
  };

  explicit shared_memory(std::shared_ptr<segment> made) noexcept : segment_{std::move(made)} {}
  static std::optional<shared_memory> open_until(std::string_view name, deadline limit);
  static std::shared_ptr<segment> attach(unique_fd memory, std::uint64_t size, unique_fd listener);
  [[nodiscard]] papers show() const;
  [[nodiscard]] segment& opened() const;

  std::shared_ptr<segment> segment_;
};

}  // namespace troupe
