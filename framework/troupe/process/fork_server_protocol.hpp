#pragma once

#include "troupe/base/unique_fd.hpp"
#include "troupe/process/process_table.hpp"

#include <cstdint>

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

/// The descriptors that come first; what the body refers to follows.
enum request_descriptors : std::size_t {
  body_descriptor,   ///< a memory file: start_settings, entry point, function, arguments
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
    look,  ///< at what the process table says; no answer, no descriptors
  };
  kind what = kind::start;
  std::uint32_t keeps_lifeline =
      0;  ///< 1: the last descriptor is the asker's end of its lifeline, for the server to keep
  process_id from{};
  std::uint32_t number = 0;  ///< counted by each process
  std::uint64_t body_size = 0;
  process_name name{};
  when_orphaned on_parent_death = when_orphaned::kill;
  std::uint32_t daemon = 0;
};

}  // namespace troupe::tree
