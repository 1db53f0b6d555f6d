#pragma once

#include "troupe/base/unique_fd.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace troupe {

class connection;

/// Where one standard stream of a new process leads. Copies lead to the same place.
///
/// Whatever it is, it is opened by the starting process: `start()` throws if that fails, and a relative path is
/// relative to its working directory.
class stdio {
 public:
  /// To where the starting process's own stream leads; if it is closed there, as `null`.
  [[nodiscard]] static stdio inherit();
  /// To /dev/null.
  [[nodiscard]] static stdio null();
  /// To a file: read from its beginning as input; as output made or emptied.
  [[nodiscard]] static stdio file(std::string path);
  /// To the end of a file, made if need be; for output only.
  [[nodiscard]] static stdio append_to(std::string path);
  /// To any open descriptor, which is duplicated.
  [[nodiscard]] static stdio descriptor(int fd);
  /// Output only: what the process writes is sent on `writer`, as raw bytes, in pieces as they come; the connection is
  /// closed when the process, and whoever else it gave the stream to, has ended, and no copy of this object is left
  /// with which another process could be started: also in the options that hold one. A thread of the starting process
  /// does that: what was written before a SIGKILL arrives, too. While nobody receives, the process blocks after some
  /// 300 KiB.
  [[nodiscard]] static stdio to(connection writer);

  /// Internal: the descriptor to use as stream `number` (0 to 2). Throws `error`.
  [[nodiscard]] unique_fd open(int number) const;

 private:
  enum class kind : unsigned char { inherited, nothing, path, path_end, open_file, pumped };
  class pump;
  explicit stdio(kind what) : kind_{what} {}

  kind kind_;
  std::string path_;
  std::shared_ptr<unique_fd> fd_;
  std::shared_ptr<pump> pump_;
};

}  // namespace troupe
