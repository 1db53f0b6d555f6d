// Boost.Interprocess: message queues of a fixed size, one for each direction of a pipe.
#include "../pipe_measure.hpp"
#include "../queue_measure.hpp"
#include "peers.hpp"
#include "temporary_name.hpp"

#include <algorithm>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <string>

namespace bench {
namespace {

using boost::interprocess::message_queue;

// Lives in the coordinator; the others inherit it.
class named_queue {
 public:
  named_queue(std::size_t depth, std::size_t largest)
      : queue_{boost::interprocess::create_only, name_.c_str(), depth, largest} {}
  named_queue(const named_queue&) = delete;
  named_queue& operator=(const named_queue&) = delete;
  ~named_queue() { message_queue::remove(name_.c_str()); }

  void send(std::span<const std::byte> bytes) { queue_.send(bytes.data(), bytes.size(), 0); }
  void recv(std::span<std::byte> bytes) {
    message_queue::size_type size = 0;
    unsigned priority = 0;
    queue_.receive(bytes.data(), bytes.size(), size, priority);
  }

 private:
  std::string name_ = temporary_name();
  message_queue queue_;
};

class queue_pair_end {
 public:
  queue_pair_end(named_queue& out, named_queue& in) : out_{out}, in_{in} {}
  void send(std::span<const std::byte> bytes) { out_.send(bytes); }
  void recv(std::span<std::byte> bytes) { in_.recv(bytes); }

 private:
  named_queue& out_;
  named_queue& in_;
};

class queue_pair {
 public:
  explicit queue_pair(std::uint64_t size) : there_{depth(size), size}, back_{depth(size), size} {}
  [[nodiscard]] queue_pair_end open(int side) {
    return side == 0 ? queue_pair_end{there_, back_} : queue_pair_end{back_, there_};
  }

 private:
  static std::size_t depth(std::uint64_t size) { return std::clamp<std::size_t>((8U << 20) / size, 8, queue_room); }

  named_queue there_;
  named_queue back_;
};

class item_access {
 public:
  explicit item_access(named_queue& queue) : queue_{queue} {}
  void put(const queue_item& item) { queue_.send(bytes_of(item)); }
  void get(queue_item& item) { queue_.recv(bytes_of(item)); }

 private:
  named_queue& queue_;
};

class item_queue {
 public:
  [[nodiscard]] item_access open() { return item_access{queue_}; }

 private:
  named_queue queue_{queue_room, sizeof(queue_item)};
};

}  // namespace

void add_boost(catalogue& all) {
  add_pipe<queue_pair>(all, "Boost message_queue");
  add_queue<item_queue>(all, "Boost message_queue");
}

}  // namespace bench
