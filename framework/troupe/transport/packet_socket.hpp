#pragma once

#include "troupe/base/deadline.hpp"
#include "troupe/base/unique_fd.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <utility>
#include <vector>

/// Private to the framework: AF_UNIX SOCK_SEQPACKET pairs, the kernel's own kill-safe message channel, each call
/// wrapped once. A packet is received whole or not at all; file descriptors travel with it.
namespace troupe::transport {

/// Two connected sockets, close-on-exec.
[[nodiscard]] std::pair<unique_fd, unique_fd> packet_socket_pair();

/// From now on each packet that arrives tells who sent it.
void tell_senders(int socket);

enum class packet_result { done, timeout, gone };

/// The most bytes, and the most descriptors, that one packet may carry.
inline constexpr std::size_t largest_packet = std::size_t{32} << 10;
inline constexpr std::size_t most_descriptors = 250;

/// Sends `head` and `body` as one packet together with `descriptors`, which stay the caller's.
packet_result send_packet(int socket, std::span<const std::byte> head, std::span<const std::byte> body,
                          std::span<const int> descriptors, deadline limit);

struct received_packet {
  packet_result result = packet_result::done;
  std::size_t size = 0;  ///< bytes put into the room; what did not fit is lost
  std::vector<unique_fd> descriptors;
  bool cut = false;               ///< this process could not open them all: it has too many already
  std::optional<ucred> sender{};  ///< as the kernel says, if the socket was made to tell
};

/// Takes the next packet. `gone`: the other side closed or died, and nothing is left.
received_packet receive_packet(int socket, std::span<std::byte> head, std::span<std::byte> body, deadline limit);

/// The same, but the packet stays where it is; its descriptors are copies. Does not wait.
received_packet peek_packet(int socket, std::span<std::byte> head);
/// Takes the next packet, if there is one, and closes its descriptors unseen. Does not wait.
void drop_packet(int socket) noexcept;

/// Whether the other side has closed its socket, or died.
[[nodiscard]] bool has_hung_up(int socket);

/// A packet of one byte, for those who poll. If there is no room for it the socket is readable anyway.
void send_token(int socket) noexcept;
/// Takes whatever is there and closes the descriptors among it.
void drain_packets(int socket);
/// Takes all tokens up to the next packet that is none.
void drain_tokens(int socket) noexcept;

}  // namespace troupe::transport
