#pragma once

#include "troupe/process/process_id.hpp"

#include <csignal>
#include <cstdint>
#include <optional>
#include <vector>

/// Private to the process room: fresh images of this program, made by exec. What one is to be goes into one variable of
/// its environment; the descriptors that it needs stay open. The program runs from its beginning up to
/// `troupe::system`, whose constructor finds the order and goes on from there.
namespace troupe::tree {

struct image_order {
  enum class role : std::uint32_t {
    child,    ///< goes on as the process `id`, whose settings are applied
    servers,  ///< becomes the keeper of the tree
    shim,     ///< forks the process `id`, and waits for its end
  };
  role what = role::child;
  process_id id{};
  std::uint64_t attributes_size = 0;
  std::uint64_t body_size = 0;
  sigset_t mask{};       ///< of blocked signals
  std::vector<int> fds;  ///< what these are is agreed upon for each role

  /// Replaces this process, which has one thread, by such an image. Throws `error` if that fails.
  [[noreturn]] void become() const;
  /// Starts such an image as nobody's child, with standard streams that lead nowhere; from any thread. Throws `error`
  /// if that fails.
  void launch() const;

  /// In such an image, the order: once. Its descriptors are close-on-exec again. Throws errc::malformed if the variable
  /// holds anything else.
  [[nodiscard]] static std::optional<image_order> of_this_image();
};

}  // namespace troupe::tree
