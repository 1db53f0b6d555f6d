#include "wire_test.hpp"

#include "troupe/base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

using namespace troupe_test;
using troupe::unique_fd;
using troupe::wire::incoming_handles;
using troupe::wire::outgoing_handles;

namespace handles {

// Owns a file and travels with it.
struct file {
  unique_fd fd;
  int* sent = nullptr;
  void serialize(troupe::wire::save_archive& ar, unsigned int) {
    ar.save_handle(fd.get(), [this] {
      ++*sent;
      fd.reset();
    });
  }
  void serialize(troupe::wire::load_archive& ar, unsigned int) { fd = ar.load_handle(); }
};
struct message {
  std::string name;
  file first;
  file second;
};

unique_fd open_null() { return unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)}; }
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) != -1; }

// What the kernel does when it passes descriptors on.
incoming_handles received(const outgoing_handles& sent) {
  std::vector<unique_fd> fds;
  for (const int fd : sent.fds()) fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  return incoming_handles{std::move(fds)};
}

}  // namespace handles

using namespace handles;

TEST_CASE("Handles travel beside the bytes and leave the sender when the message is sent, not before", "[wire]") {
  int sent = 0;
  const message value{"two files", {open_null(), &sent}, {open_null(), &sent}};
  outgoing_handles out;
  const auto bytes = troupe::wire::encode(value, &out);
  REQUIRE(out.fds().size() == 2);
  CHECK(sent == 0);
  CHECK(is_open(value.first.fd.get()));

  incoming_handles in = received(out);
  out.sent();
  out.sent();
  CHECK(sent == 2);
  CHECK_FALSE(value.first.fd);

  const auto arrived = troupe::wire::decode<message>(bytes.span(), &in);
  CHECK(arrived.name == "two files");
  CHECK(is_open(arrived.first.fd.get()));
  CHECK(is_open(arrived.second.fd.get()));
  CHECK(arrived.first.fd.get() != arrived.second.fd.get());
}

TEST_CASE("A message that needs a second pass takes each handle once", "[wire]") {
  int sent = 0;
  const message value{std::string(1000, 'x'), {open_null(), &sent}, {open_null(), &sent}};
  outgoing_handles out;
  static_cast<void>(out.add(2));
  const auto bytes = troupe::wire::encode(value, &out);
  CHECK(out.fds().size() == 3);
  CHECK(out.fds()[0] == 2);
}

TEST_CASE("Where handles cannot go, saving one is refused with a sentence", "[wire]") {
  int sent = 0;
  const file value{open_null(), &sent};
  const auto error = error_of([&] { static_cast<void>(encoded(value)); });
  REQUIRE(error);
  CHECK(error->code() == troupe::errc::unsupported);
  CHECK(says(*error, {"cannot be stored here"}));
}

TEST_CASE("A handle that did not come, or is named twice, is malformed, and what was taken is closed", "[wire]") {
  CHECK(is_malformed<file>(bytes_of({0, 0, 0, 0, 0})));

  outgoing_handles out;
  const unique_fd null = open_null();
  static_cast<void>(out.add(null.get()));
  const auto malformed = [&](std::initializer_list<unsigned> bytes) {
    incoming_handles in = received(out);
    const auto error = error_of([&] { static_cast<void>(troupe::wire::decode<message>(bytes_of(bytes), &in)); });
    return error && error->code() == troupe::errc::malformed;
  };
  const int next_free = open_null().get();  // closed again at once
  CHECK(malformed({0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(malformed({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(open_null().get() == next_free);
}
