// Descriptors that are not what they were: of programs that close what is not theirs.
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/run.hpp"
#include "troupe/array.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/shared_fd.hpp"
#include "troupe/shared_memory.hpp"
#include "troupe/value.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

/// One of each kind, and what an application does with them. Each call gives a result, or an error.
struct all_kinds {
  queue<std::string> items;
  queue<connection> ends;
  std::pair<connection, connection> both = pipe();
  value<std::array<long, 8>> large;
  array<int> numbers{100};
  shared_memory named =
      shared_memory::create("lost_descriptors/" + std::to_string(::getpid()), 1 << 20, {.sparse = true});
  shared_fd file{unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)}};

  void use() {
    const auto try_it = [](auto f) {
      try {
        f();
      } catch (const error&) {  // says what happened
      }
    };
    try_it([&] { items.put(std::string(3 << 20, 'x')); });  // more than the first window holds
    try_it([&] { (void)items.try_get(); });                 // gives memory back
    try_it([&] { (void)both.first.try_send(1); });
    try_it([&] { (void)both.second.try_recv<int>(); });
    try_it([&] { (void)both.first.poll(); });
    try_it([&] { large.store({1, 2, 3}); });
    try_it([&] { numbers[3] = 7; });
    try_it([&] { named.allocate(0, 1 << 20); });
    try_it([&] { std::fill(named.bytes().begin(), named.bytes().end(), std::byte{1}); });
    try_it([&] { named.release(0, 1 << 20); });
    try_it([&] {
      auto [one, other] = pipe();
      (void)ends.try_put(std::move(one));
      (void)ends.try_get();
    });
    try_it([&] { (void)both.first.try_send(file); });
    try_it([&] { (void)both.first.try_send(items); });
    try_it([&] { (void)both.first.try_send(large); });
  }
};

constexpr std::size_t file_size = 64 << 10;

/// Files of the program's own, at all numbers from 3 on.
std::vector<int> take_all_numbers() {
  std::vector<int> files;
  for (int i = 0; i < 100; ++i) {
    const int file = ::memfd_create("the_program's_own", MFD_CLOEXEC);
    const std::string content(file_size, 'p');
    if (file < 0 || ::write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size())) ::_exit(3);
    files.push_back(file);
  }
  return files;
}

bool is_untouched(int file) {
  std::string content(file_size + 1, ' ');
  const ssize_t count = ::pread(file, content.data(), content.size(), 0);
  return count == static_cast<ssize_t>(file_size)
         && std::all_of(content.begin(), content.begin() + count, [](char c) { return c == 'p'; });
}

int close_what_is_not_ours() {
  std::optional<all_kinds> objects{std::in_place};
  objects->use();
  ::close_range(3, ~0U, 0);
  const std::vector<int> files = take_all_numbers();
  objects->use();
  objects.reset();
  // Without a word more: what the process room makes of it is another matter.
  ::_exit(std::all_of(files.begin(), files.end(), is_untouched) ? 5 : 4);
}

/// Of the numbers 0 to 2, those that are files of memory or sockets.
int standard_streams_taken() {
  int taken = 0;
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat info{};
    if (::fstat(fd, &info) == 0) ++taken;
  }
  return taken;
}

int make_without_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) ::close(fd);
  all_kinds objects;
  objects.use();
  std::cout << "nothing of this may arrive anywhere" << std::endl;
  std::cerr << "nor of this" << std::endl;
  std::fputs("nor this\n", stdout);
  std::fflush(stdout);
  objects.use();
  return standard_streams_taken();
}

int make_under_a_limit(rlim_t largest_file) {
  const rlimit limit{largest_file, largest_file};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 3;
  int made = 0;
  const auto try_it = [&](auto make) {
    try {
      make();
      ++made;
    } catch (const error& e) {
      const bool says_so = std::string{e.what()}.find("ulimit -f") != std::string::npos;
      if (!says_so) std::exit(99);
    }
  };
  try_it([] { queue<int> q; });
  try_it([] { (void)pipe(); });
  try_it([] { value<int> v; });
  try_it([] { array<int> a{1000}; });
  try_it([] { (void)shared_memory::create(100'000); });
  return made;
}

// Made before main's system.
queue<int> early_queue;
value<int> early_value;
std::pair<connection, connection> early_pipe = pipe();
shared_memory early_memory = shared_memory::create(4096);

int use_early_objects() {
  int refused = 0;
  const auto try_it = [&](auto use) { refused += error_of(use) == errc::invalid_argument ? 1 : 0; };
  try_it([] { early_queue.put(1); });
  try_it([] { (void)early_queue.try_get(); });
  try_it([] { early_queue.shutdown(); });
  try_it([] { early_value.store(1); });
  try_it([] { early_pipe.first.send(1); });
  try_it([] { (void)early_memory.bytes(); });
  return refused;
}

}  // namespace

TEST_CASE("what a program opened at numbers that were ours is neither changed nor closed") {
  CHECK(run(process{close_what_is_not_ours}) == 5);
}

TEST_CASE("no descriptor of ours is a standard stream, although the program has closed those") {
  CHECK(run(process{make_without_standard_streams}) == 0);
}

TEST_CASE("a limit on the size of files is an error that names it") {
  CHECK(run(process{make_under_a_limit, 0UL}) == 0);
  CHECK(run(process{make_under_a_limit, 4096UL}) >= 1);
  CHECK(run(process{make_under_a_limit, std::uint64_t{1} << 20}) == 4);
  CHECK(run(process{make_under_a_limit, RLIM_INFINITY}) == 5);
}

TEST_CASE("what was made before the system is refused in a child, and goes on in the first process") {
  CHECK(run(process{use_early_objects}) == 6);
  early_queue.put(3);
  CHECK(early_queue.get() == 3);
  early_value.store(4);
  CHECK(early_value.load() == 4);
  early_pipe.first.send(5);
  CHECK(early_pipe.second.recv<int>() == 5);
}
