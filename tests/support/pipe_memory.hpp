#pragma once

#include "troupe/base/error.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/memory/mirrored_rings.hpp"
#include "troupe/pipe.hpp"
#include "troupe/transport/pipe_layout.hpp"
#include "troupe/wire/message.hpp"

#include <cstring>
#include <fcntl.h>
#include <new>
#include <vector>

namespace troupe::test {

/// A second view of the memory of a two-way pipe: what a process that is killed half way, or lies, may leave there.
class pipe_memory {
 public:
  explicit pipe_memory(const connection& end)
      : rings_{memory::mirrored_rings::attach(memory_of(end), 2, transport::pipe_ring_bytes)} {}

  [[nodiscard]] transport::pipe_layout& layout() const {
    return *std::launder(reinterpret_cast<transport::pipe_layout*>(rings_.header()));
  }
  [[nodiscard]] transport::pipe_direction& direction(std::size_t writer) const { return layout().directions[writer]; }
  /// Twice in a row.
  [[nodiscard]] std::byte* ring(std::size_t writer) const { return rings_.ring(writer); }

  /// Stores a word of a ring, without any of the checks and steps of a writer.
  void put(std::size_t writer, std::size_t at, std::uint64_t word) const {
    std::memcpy(ring(writer) + at, &word, sizeof word);
  }

 private:
  /// An end names its memory to whoever serializes it. It does not go anywhere, as nothing is sent.
  static unique_fd memory_of(const connection& end) {
    wire::outgoing_handles handles;
    (void)wire::encode(end, &handles);
    return unique_fd{::fcntl(handles.fds()[0], F_DUPFD_CLOEXEC, 0)};
  }

  memory::mirrored_rings rings_;
};

/// An end in serialized form, as it lies in a message.
class end_on_its_way {
 public:
  explicit end_on_its_way(const connection& end) : bytes_{wire::encode(end, &handles_)} {}

  /// A copy of the message: with descriptors of its own, as the kernel would make them.
  [[nodiscard]] connection arrive() const {
    std::vector<unique_fd> copies;
    for (const int fd : handles_.fds()) copies.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    wire::incoming_handles arrived{std::move(copies)};
    return wire::decode<connection>(bytes_.span(), &arrived);
  }
  /// The message was sent: the end that it was made from closes itself.
  void sent() { handles_.sent(); }

 private:
  wire::outgoing_handles handles_;
  wire::buffer bytes_;
};

}  // namespace troupe::test
