#include "troupe/transport/waitable.hpp"

#include "troupe/base/error.hpp"
#include "troupe/base/internal_thread.hpp"
#include "troupe/base/unique_fd.hpp"
#include "troupe/transport/packet_socket.hpp"
#include "troupe/transport/watched.hpp"

#include <cerrno>
#include <memory>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace troupe {

namespace {

// A connection whose other end got lost on its way hangs up without any death (pipe_end.hpp).
constexpr auto longest_nap = std::chrono::seconds{1};

class watched_descriptor final : public transport::watched {
 public:
  explicit watched_descriptor(int fd) noexcept : fd_{fd} {}
  bool is_ready() override {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
  }
  int descriptor() const noexcept override { return fd_; }

 private:
  int fd_;
};

/// The kernel cannot sleep on futexes and descriptors at once: a thread polls the descriptors and then changes a word.
class descriptor_watch {
 public:
  explicit descriptor_watch(std::vector<pollfd> descriptors)
      : cancel_{transport::packet_socket_pair()}
      , descriptors_{std::move(descriptors)} {
    descriptors_.push_back({cancel_.second.get(), POLLIN, 0});
    // What the kernel does not like about them it says now, not to the thread.
    if (::poll(descriptors_.data(), descriptors_.size(), 0) < 0 && errno != EINTR)
      throw_errno("poll", std::to_string(descriptors_.size()) + " descriptors");
    thread_ = start_internal_thread("a wait for descriptors and others at once", [this] {
      while (::poll(descriptors_.data(), descriptors_.size(), -1) < 0) {
      }
      ready_.store(1, std::memory_order_release);
      memory::unpark_all(ready_);
    });
  }
  descriptor_watch(const descriptor_watch&) = delete;
  descriptor_watch& operator=(const descriptor_watch&) = delete;
  ~descriptor_watch() {
    if (cancel_.first.is_intact()) transport::send_token(cancel_.first.get());  // else the thread sees the hang-up
    thread_.join();
  }
  [[nodiscard]] memory::parking_spot spot() const noexcept { return {&ready_, 0}; }

 private:
  std::pair<unique_fd, unique_fd> cancel_;
  std::vector<pollfd> descriptors_;
  std::atomic<std::uint32_t> ready_{0};
  std::thread thread_;
};

}  // namespace

waitable::waitable(int descriptor) : object_{std::make_shared<watched_descriptor>(descriptor)} {}

bool waitable::is_ready() const { return object_->is_ready(); }

std::vector<std::size_t> wait_until(std::span<const waitable> objects, deadline limit) {
  std::vector<std::size_t> ready;
  std::vector<memory::parking_spot> spots;
  std::unique_ptr<descriptor_watch> watch;
  for (bool announced = false;; announced = !announced) {
    const std::uint32_t interrupts = memory::interrupt::sample();
    for (std::size_t i = 0; i < objects.size(); ++i)
      if (objects[i].is_ready()) ready.push_back(i);
    if (!ready.empty() || limit.passed()) return ready;
    if (announced) {
      const bool woken = memory::park_on_any(spots, interrupts, limit.earlier(deadline::after(longest_nap)));
      if (!woken) memory::interrupt::raise_own();  // connections look for a hang-up then
      continue;
    }
    spots.clear();
    std::vector<pollfd> descriptors;
    for (const waitable& object : objects) {
      if (const auto spot = object.object_->announce()) spots.push_back(*spot);
      if (const int fd = object.object_->descriptor(); fd >= 0) descriptors.push_back({fd, POLLIN, 0});
    }
    watch.reset();
    if (!descriptors.empty()) {
      watch = std::make_unique<descriptor_watch>(std::move(descriptors));
      spots.push_back(watch->spot());
    }
    if (spots.size() > memory::most_parking_spots)
      throw error{errc::invalid_argument, "wait() over " + std::to_string(objects.size())
                                              + " objects; of connections and queues, it can wait for 126 at once"};
  }
}

}  // namespace troupe
