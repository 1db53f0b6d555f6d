#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

/// Private to the framework: how programs that know nothing of each other but a name come to share memory.
namespace troupe::transport {

/// A name that this process holds for a piece of shared memory.
///
/// The name is the address of a listening socket in the kernel's abstract namespace: no file, nothing that could be
/// left behind. All who hold the name have that one socket, and a thread each that answers who comes to it with the
/// memory and with the socket itself. So the name lasts exactly as long as some holder does, whoever it is; any of them
/// may be killed or stopped, and the others answer. Only processes of the same user are answered.
class shared_name {
 public:
  static constexpr std::size_t longest = 80;  ///< bytes

  /// What comes with a name.
  struct offer {
    unique_fd memory;
    std::uint64_t size = 0;  ///< bytes of it that count
    unique_fd listener;
  };

  /// Takes a name. Nobody is answered before there is a `shared_name` with what is returned. Throws
  /// errc::invalid_argument for what cannot be a name, errc::name_in_use.
  [[nodiscard]] static unique_fd claim(std::string_view name);
  /// Asks the holders of a name. Nothing if all of them are stopped until `limit`. Throws errc::no_such_name if there
  /// are none, errc::invalid_argument, errc::malformed, or EACCES if the name is held by another user.
  [[nodiscard]] static std::optional<offer> ask(std::string_view name, deadline limit);
  /// The name that a socket from somewhere stands for. Throws errc::malformed if it is none that `claim` made.
  [[nodiscard]] static std::string name_of(const unique_fd& listener);

  /// Answers for the name from now on. The memory must stay open as long as this lives.
  shared_name(unique_fd listener, int memory, std::uint64_t size);
  shared_name(const shared_name&) = delete;
  shared_name& operator=(const shared_name&) = delete;
  ~shared_name();

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] int listener() const noexcept { return listener_.get(); }

 private:
  void answer_all();

  unique_fd listener_;
  std::string text_;
  std::pair<unique_fd, unique_fd> end_;  // a socket pair: tells the thread to end
  int memory_;
  std::uint64_t size_;
  std::uint32_t forks_then_;
  std::unique_ptr<std::thread> answering_;
};

}  // namespace troupe::transport
