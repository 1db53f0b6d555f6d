#include "troupe/transport/packet_socket.hpp"

#include "troupe/base/error.hpp"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace troupe::transport {

namespace {

constexpr int crowded_ms = 5;

bool wait_for(int socket, short events, deadline limit) {
  for (;;) {
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, limit.poll_timeout());
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) throw_errno("poll", "pipe");
    if (limit.passed()) return false;
  }
}

iovec vector_of(std::span<std::byte> bytes) { return {bytes.data(), bytes.size()}; }
iovec vector_of(std::span<const std::byte> bytes) { return {const_cast<std::byte*>(bytes.data()), bytes.size()}; }

constexpr std::size_t control_size = CMSG_SPACE(sizeof(int) * most_descriptors) + CMSG_SPACE(sizeof(ucred));

/// Repeats a non-blocking call until it succeeds, waiting for `events` in between.
template <class Call>
packet_result until_done(int socket, short events, deadline limit, ssize_t& moved, Call call) {
  for (;;) {
    moved = call();
    if (moved >= 0) return packet_result::done;
    switch (errno) {
    case EINTR: break;
    case EAGAIN:
      if (!wait_for(socket, events, limit)) return packet_result::timeout;
      break;
    case ECONNRESET:
      // Reading: the peer closed with our packets unread; the error is reported once, what it sent is still there.
      if (events == POLLIN) break;
      return packet_result::gone;
    case EPIPE: return packet_result::gone;
    case ETOOMANYREFS:
      // So many descriptors of this user are under way; nothing tells when some have arrived.
      if (limit.passed()) return packet_result::timeout;
      (void)::poll(nullptr, 0, crowded_ms);
      break;
    default: throw_errno(events == POLLIN ? "recvmsg" : "sendmsg", "pipe");
    }
  }
}

std::optional<ucred> sender_of(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS) continue;
    ucred who{};
    std::memcpy(&who, CMSG_DATA(c), sizeof who);
    return who;
  }
  return std::nullopt;
}

std::vector<unique_fd> descriptors_of(msghdr& message) {
  std::vector<unique_fd> found;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
      found.emplace_back(fd);
    }
  }
  return found;
}

}  // namespace

std::pair<unique_fd, unique_fd> packet_socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw_errno("socketpair", "pipe");
  return {unique_fd{ends[0]}, unique_fd{ends[1]}};
}

void tell_senders(int socket) {
  const int on = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
    throw_errno("setsockopt(SO_PASSCRED)", "pipe");
}

packet_result send_packet(int socket, std::span<const std::byte> head, std::span<const std::byte> body,
                          std::span<const int> descriptors, deadline limit) {
  if (descriptors.size() > most_descriptors)
    throw error{errc::message_too_large, "a message carries more than 250 handles"};
  iovec parts[2] = {vector_of(head), vector_of(body)};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  std::vector<char> control;
  if (!descriptors.empty()) {
    control.resize(CMSG_SPACE(descriptors.size_bytes()));
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t moved = 0;
  return until_done(socket, POLLOUT, limit, moved,
                    [&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
}

namespace {

received_packet receive(int socket, std::span<std::byte> head, std::span<std::byte> body, int flags, deadline limit) {
  iovec parts[2] = {vector_of(head), vector_of(body)};
  alignas(cmsghdr) char control[control_size];
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  received_packet packet;
  ssize_t moved = 0;
  packet.result = until_done(socket, POLLIN, limit, moved, [&] {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    return ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  });
  if (packet.result != packet_result::done) return packet;
  packet.descriptors = descriptors_of(message);
  packet.sender = sender_of(message);
  packet.cut = (message.msg_flags & MSG_CTRUNC) != 0;
  packet.size = static_cast<std::size_t>(moved);
  if (moved == 0) packet.result = packet_result::gone;  // we never send empty packets
  return packet;
}

}  // namespace

received_packet receive_packet(int socket, std::span<std::byte> head, std::span<std::byte> body, deadline limit) {
  return receive(socket, head, body, 0, limit);
}

received_packet peek_packet(int socket, std::span<std::byte> head) {
  return receive(socket, head, {}, MSG_PEEK, deadline::now());
}

void drop_packet(int socket) noexcept {
  char byte = 0;
  (void)::recv(socket, &byte, 1, MSG_DONTWAIT);  // descriptors that nobody asks for are closed by the kernel
}

bool has_hung_up(int socket) {
  pollfd entry{socket, POLLRDHUP, 0};
  while (::poll(&entry, 1, 0) < 0)
    if (errno != EINTR) throw_errno("poll", "pipe");
  return (entry.revents & (POLLHUP | POLLRDHUP)) != 0;
}

void send_token(int socket) noexcept { (void)::send(socket, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT); }

void drain_packets(int socket) {
  std::byte front[1];
  while (receive_packet(socket, front, {}, deadline::now()).result == packet_result::done) {
  }
}

void drain_tokens(int socket) noexcept {
  char token[2];
  while (::recv(socket, token, sizeof token, MSG_PEEK | MSG_DONTWAIT) == 1)
    (void)::recv(socket, token, 1, MSG_DONTWAIT);
}

}  // namespace troupe::transport
