#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/process/process_table.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

/// Private to the process room: how a process asks the fork server for another one. One packet in native layout, as
/// both sides are the same program image; the answer is in the asker's row of the process table. Of a request that a
/// fork server took with it when it died, the next one finds the row, or is sent the same request again.
namespace troupe::tree {

/// The socket pair through which all processes of a tree ask. All of them have both ends: so it outlives any number of
/// servers, with what waits in it.
struct request_channel {
  unique_fd in;   ///< for the fork server, and who starts one anew
  unique_fd out;  ///< for who asks

  [[nodiscard]] request_channel duplicate() const { return {in.duplicate(), out.duplicate()}; }
};

/// What follows a request: the starter's process_attributes, then the body (start_settings, entry point, function,
/// arguments). In the same packet; if it is larger than `most_in_packet`, in a memory file, whose descriptor follows
/// the fixed ones.
struct request_body {
  std::uint64_t attributes_size = 0;
  std::uint64_t body_size = 0;
  std::vector<std::byte> bytes;  ///< or else
  unique_fd memory;
};
inline constexpr std::size_t most_in_packet = std::size_t{24} << 10;

/// The answer to a request if the fork server's children cannot be as their starter is: it must start this one itself.
inline constexpr std::int32_t start_it_yourself = -1;

/// The descriptors that come first; what the body refers to follows.
enum request_descriptors : std::size_t {
  input_descriptor,  ///< what becomes standard input, output and error
  output_descriptor,
  error_descriptor,
  folder_descriptor,    ///< the working directory
  lifeline_descriptor,  ///< see lifeline
  fixed_descriptors,    ///< how many these are
};

struct request {
  enum class kind : std::uint32_t {
    start,
    reserve,  ///< a row for a process that the asker starts itself; no body
    look,     ///< at what the process table says; no answer, no descriptors
  };
  kind what = kind::start;
  std::uint32_t keeps_lifeline =
      0;  ///< 1: the last descriptor is the asker's end of its lifeline, for the server to keep
  process_id from{};
  std::uint32_t number = 0;      ///< counted by each process
  std::int32_t thread = 0;       ///< that asks
  std::uint64_t attributes = 0;  ///< a hash of them
  std::uint64_t attributes_size = 0;
  std::uint64_t body_size = 0;
  std::uint32_t in_memory = 0;  ///< 1: both are in a memory file
  process_name name{};
  when_orphaned on_parent_death = when_orphaned::kill;
  std::uint32_t daemon = 0;
};

}  // namespace troupe::tree
