#include "troupe/transport/shared_name.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/forks.hpp"
#include "troupe/base/internal_thread.hpp"
#include "troupe/transport/packet_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <span>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace troupe::transport {

namespace {

constexpr std::uint64_t answer_magic = 0x656d616e70757274;  // "trupname" in memory
constexpr std::uint32_t answer_version = 1;

/// The one packet of an answer; two descriptors go with it, the memory and the listener.
struct answer {
  std::uint64_t magic = answer_magic;
  std::uint32_t version = answer_version;
  std::uint32_t unused = 0;
  std::uint64_t size = 0;
};
static_assert(sizeof(answer) == 24);

/// A user's names are apart from those of others.
std::string prefix() { return "troupe/" + std::to_string(::geteuid()) + "/"; }

struct address {
  sockaddr_un bytes{};
  socklen_t size = sizeof bytes;

  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&bytes); }
};

address address_of(std::string_view name) {
  if (name.empty()) throw error{errc::invalid_argument, "the name of shared memory is empty"};
  if (name.size() > shared_name::longest)
    throw error{errc::invalid_argument,
                "the name of shared memory is " + std::to_string(name.size()) + " bytes long; at most 80 are possible"};
  if (name.find('\0') != std::string_view::npos)
    throw error{errc::invalid_argument, "the name of shared memory has a zero byte in it"};
  const std::string path = prefix().append(name);
  address made;
  made.bytes.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), made.bytes.sun_path + 1);  // a zero in front: the abstract namespace
  made.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
  return made;
}

unique_fd packet_socket(int flags) {
  unique_fd made{::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0)};
  if (!made) throw_errno("socket", "AF_UNIX");
  return made;
}

/// The user on the other side of a connection.
std::optional<uid_t> user_of(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return std::nullopt;
  return who.uid;
}

enum class connected : std::uint8_t { yes, nobody, timeout };

/// Waits while so many others wait that the holders' backlog is full.
connected connect_until(int socket, address& where, deadline limit, std::string_view name) {
  for (;;) {
    if (!limit.is_never()) {
      const long milliseconds = std::max(limit.poll_timeout(), 1);  // 0 is for no limit
      const timeval left{milliseconds / 1000, milliseconds % 1000 * 1000};
      (void)::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &left, sizeof left);
    }
    if (::connect(socket, where.get(), where.size) == 0) return connected::yes;
    switch (errno) {
    case EINTR: break;
    case EAGAIN:
      if (limit.passed()) return connected::timeout;
      break;
    case ECONNREFUSED: return connected::nobody;
    default: throw_errno("connect", "shared memory " + std::string{name});
    }
  }
}

shared_name::offer checked(const answer& got, received_packet packet, std::string_view name) {
  if (packet.cut) {
    errno = EMFILE;
    throw_errno("recvmsg", "shared memory " + std::string{name});
  }
  if (packet.size != sizeof got || got.magic != answer_magic || got.version != answer_version
      || packet.descriptors.size() != 2)
    throw error{errc::malformed,
                "whoever holds the name " + std::string{name} + " does not answer as this version of troupe does"};
  return {std::move(packet.descriptors[0]), got.size, std::move(packet.descriptors[1])};
}

}  // namespace

unique_fd shared_name::claim(std::string_view name) {
  address where = address_of(name);
  unique_fd listener = packet_socket(SOCK_NONBLOCK);
  if (::bind(listener.get(), where.get(), where.size) != 0) {
    if (errno == EADDRINUSE)
      throw error{errc::name_in_use, "there is shared memory of the name " + std::string{name} + " already: open it"};
    throw_errno("bind", "shared memory " + std::string{name});
  }
  if (::listen(listener.get(), SOMAXCONN) != 0) throw_errno("listen", "shared memory " + std::string{name});
  return listener;
}

std::optional<shared_name::offer> shared_name::ask(std::string_view name, deadline limit) {
  address where = address_of(name);
  for (;;) {
    const unique_fd socket = packet_socket(0);
    switch (connect_until(socket.get(), where, limit, name)) {
    case connected::nobody:
      throw error{errc::no_such_name, "there is no shared memory of the name " + std::string{name}};
    case connected::timeout: return std::nullopt;
    case connected::yes: break;
    }
    if (user_of(socket.get()) != ::geteuid())
      throw error{std::make_error_code(std::errc::permission_denied),
                  "the shared memory of the name " + std::string{name} + " is another user's"};
    answer got;
    auto packet = receive_packet(socket.get(), std::as_writable_bytes(std::span{&got, 1}), {}, limit);
    if (packet.result == packet_result::timeout) return std::nullopt;
    if (packet.result == packet_result::done) return checked(got, std::move(packet), name);
    // Who had accepted us died before it answered; others may be there.
    if (limit.passed()) return std::nullopt;
  }
}

std::string shared_name::name_of(const unique_fd& listener) {
  address where;
  int listens = 0;
  socklen_t size = sizeof listens;
  const std::string start = prefix();
  constexpr std::size_t before = offsetof(sockaddr_un, sun_path) + 1;
  if (::getsockopt(listener.get(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0
      && ::getsockname(listener.get(), where.get(), &where.size) == 0 && where.bytes.sun_family == AF_UNIX
      && where.size > before && where.size <= sizeof where.bytes && where.bytes.sun_path[0] == '\0') {
    const std::string_view path{where.bytes.sun_path + 1, where.size - before};
    if (path.starts_with(start) && path.size() > start.size()) return std::string{path.substr(start.size())};
  }
  throw error{errc::malformed, "a handle of named shared memory came with something that is no name of this user's"};
}

shared_name::shared_name(unique_fd listener, int memory, std::uint64_t size)
    : listener_{std::move(listener)}
    , text_{name_of(listener_)}
    , end_{packet_socket_pair()}
    , memory_{memory}
    , size_{size}
    , forks_then_{forks()} {
  (void)::fcntl(listener_.get(), F_SETFL, O_NONBLOCK);  // others may accept who we were told of
  answering_ = std::make_unique<std::thread>(
      start_internal_thread("those who open the shared memory " + text_, [this] { answer_all(); }));
}

shared_name::~shared_name() {
  if (forks() != forks_then_) {
    (void)answering_.release();  // NOLINT(bugprone-unused-return-value): there is no such thread in a forked copy
    return;
  }
  if (end_.first.is_intact()) send_token(end_.first.get());  // else the thread has seen the hang-up
  answering_->join();
}

void shared_name::answer_all() {
  ::pthread_setname_np(::pthread_self(), "troupe-name");
  int patience = -1;
  for (;;) {
    std::array<pollfd, 2> awaited{{{end_.second.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}}};
    const bool crowded = patience >= 0;  // too many open files: who asks waits until there is room, or others answer
    (void)::poll(awaited.data(), crowded ? 1 : 2, patience);
    if (awaited[0].revents != 0) return;
    const unique_fd asker{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!asker && (errno == EBADF || errno == ENOTSOCK || errno == EINVAL)) return;  // the program closed the listener
    patience = !asker && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) ? 100 : -1;
    if (!asker || user_of(asker.get()) != ::geteuid()) continue;
    const answer reply{.size = size_};
    const std::array<int, 2> handles{memory_, listener_.get()};
    try {
      (void)send_packet(asker.get(), std::as_bytes(std::span{&reply, 1}), {}, handles, deadline::now());
    } catch (const error&) {
      // it has hung up, or too many descriptors are on their way: it asks again, or another holder
    }
  }
}

}  // namespace troupe::transport
