#pragma once

#include "support/catch.hpp"
#include "troupe/base/error.hpp"
#include "troupe/pipe.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/wait.hpp"

#include <chrono>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

/// What is the same for every transport: a stream of messages from a sender to a receiver, and a partner that holds the
/// other side of it. A test says what must hold; a setting says over which transport, and where the partner lives.
namespace troupe::test {

// -- transports ------------------------------------------------------------------------------------------------------

template <class Sender, class Receiver>
struct stream {
  Sender out;
  Receiver in;
};

template <bool OneWay>
struct pipe_transport {
  template <class T>
  class sender {
   public:
    sender() = default;
    explicit sender(connection end) : end_{std::move(end)} {}
    void put(const T& message) { end_.send(message); }
    [[nodiscard]] bool try_put(const T& message) { return end_.try_send(message); }
    [[nodiscard]] bool try_put_for(const T& message, std::chrono::milliseconds limit) {
      return end_.try_send_for(message, limit);
    }
    /// Nothing more will come.
    void finish() { end_.close(); }
    void close() { end_.close(); }
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive & end_;
    }

   private:
    connection end_;
  };

  template <class T>
  class receiver {
   public:
    receiver() = default;
    explicit receiver(connection end) : end_{std::move(end)} {}
    [[nodiscard]] T get() { return end_.recv<T>(); }
    [[nodiscard]] std::optional<T> try_get() { return end_.try_recv<T>(); }
    [[nodiscard]] std::optional<T> try_get_for(std::chrono::milliseconds limit) { return end_.try_recv_for<T>(limit); }
    /// Takes the next message for a `U`, which it is not.
    template <class U>
    void get_as() {
      (void)end_.recv<U>();
    }
    /// Nothing more will be taken.
    void abandon() { end_.close(); }
    void close() { end_.close(); }
    operator waitable() { return end_; }
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive & end_;
    }

   private:
    connection end_;
  };

  static constexpr errc abandoned = errc::broken_pipe;  ///< the error of a put that nobody will take
  static constexpr bool ends_with_its_users = true;     ///< the end of one side's process is the end of the stream

  template <class T>
  [[nodiscard]] static stream<sender<T>, receiver<T>> make() {
    if constexpr (OneWay) {
      auto [in, out] = pipe(simplex);
      return {sender<T>{std::move(out)}, receiver<T>{std::move(in)}};
    } else {
      auto [out, in] = pipe();
      return {sender<T>{std::move(out)}, receiver<T>{std::move(in)}};
    }
  }
};

template <bool Leased>
struct queue_transport {
  template <class T>
  class sender {
   public:
    explicit sender(wire::blank_t blank) : queue_{blank} {}
    explicit sender(queue<T> q) : queue_{std::move(q)} {}
    void put(const T& message) { queue_.put(message); }
    [[nodiscard]] bool try_put(const T& message) { return queue_.try_put(message); }
    [[nodiscard]] bool try_put_for(const T& message, std::chrono::milliseconds limit) {
      return queue_.try_put_for(message, limit);
    }
    void finish() { queue_.shutdown(); }
    void close() { queue_.close(); }
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive & queue_;
    }

   private:
    queue<T> queue_;
  };

  template <class T>
  class receiver {
   public:
    explicit receiver(wire::blank_t blank) : queue_{blank} {}
    explicit receiver(queue<T> q) : queue_{std::move(q)} {}
    [[nodiscard]] T get() { return queue_.get(); }
    [[nodiscard]] std::optional<T> try_get() { return queue_.try_get(); }
    [[nodiscard]] std::optional<T> try_get_for(std::chrono::milliseconds limit) { return queue_.try_get_for(limit); }
    template <class U>
    void get_as() {
      wire::outgoing_handles handles;
      const wire::buffer papers = wire::encode(queue_, &handles);
      std::vector<unique_fd> arrived;
      for (const int fd : handles.fds()) arrived.emplace_back(::dup(fd));
      wire::incoming_handles incoming{std::move(arrived)};
      (void)wire::decode<queue<U>>(papers.span(), &incoming);
    }
    void abandon() { queue_.shutdown(true); }
    void close() { queue_.close(); }
    operator waitable() { return queue_; }
    template <class Archive>
    void serialize(Archive& archive, unsigned) {
      archive & queue_;
    }

   private:
    queue<T> queue_;
  };

  static constexpr errc abandoned = errc::closed;
  static constexpr bool ends_with_its_users = false;

  template <class T>
  [[nodiscard]] static stream<sender<T>, receiver<T>> make() {
    const queue<T> q{queue_options{.maxsize = 100, .leases = Leased}};
    return {sender<T>{q}, receiver<T>{q}};
  }
};

// -- partners --------------------------------------------------------------------------------------------------------

/// Runs a function that returns 0, and throws if something is not as it must be.
class thread_partner {
 public:
  template <class F, class... Args>
  explicit thread_partner(F function, Args&&... args) {
    std::packaged_task<int(std::decay_t<Args>...)> task{function};
    result_ = task.get_future();
    thread_ = std::thread{std::move(task), std::forward<Args>(args)...};
  }
  thread_partner(const thread_partner&) = delete;
  thread_partner& operator=(const thread_partner&) = delete;
  ~thread_partner() {
    if (thread_.joinable())
      thread_.detach();  // the test has failed, and it may wait for ever; it refers to nothing here
  }
  [[nodiscard]] int join() {
    thread_.join();
    return result_.get();
  }

 private:
  std::future<int> result_;
  std::thread thread_;
};

class process_partner {
 public:
  template <class F, class... Args>
  explicit process_partner(F function, Args&&... args) : process_{function, std::forward<Args>(args)...} {
    process_.start();
  }
  process_partner(const process_partner&) = delete;
  process_partner& operator=(const process_partner&) = delete;
  ~process_partner() {
    if (process_.is_alive()) process_.kill();
  }
  [[nodiscard]] int join() {
    process_.join();
    return *process_.exit_code();
  }

 private:
  process process_;
};

/// For partners, which must not use assertions.
inline void expect(bool condition, const char* what) {
  if (!condition) throw std::logic_error{what};
}

// -- settings --------------------------------------------------------------------------------------------------------

template <class Transport, class Partner>
struct setting : Transport {
  template <class T>
  using sender = typename Transport::template sender<T>;
  template <class T>
  using receiver = typename Transport::template receiver<T>;
  using partner = Partner;
};
struct pipe_between_threads : setting<pipe_transport<false>, thread_partner> {};
struct pipe_between_processes : setting<pipe_transport<false>, process_partner> {};
struct one_way_pipe_between_threads : setting<pipe_transport<true>, thread_partner> {};
struct one_way_pipe_between_processes : setting<pipe_transport<true>, process_partner> {};
struct queue_between_threads : setting<queue_transport<false>, thread_partner> {};
struct queue_between_processes : setting<queue_transport<false>, process_partner> {};
struct leased_queue_between_threads : setting<queue_transport<true>, thread_partner> {};
struct leased_queue_between_processes : setting<queue_transport<true>, process_partner> {};

// For TEMPLATE_TEST_CASE, which names each test case after its setting.
#define CARRIERS_OF_HANDLES                                                                                            \
  pipe_between_threads, pipe_between_processes, one_way_pipe_between_threads, one_way_pipe_between_processes,          \
      queue_between_threads, queue_between_processes
#define EVERY_TRANSPORT CARRIERS_OF_HANDLES, leased_queue_between_threads, leased_queue_between_processes

// -- errors ----------------------------------------------------------------------------------------------------------

/// The error that `f` throws; none if it does not throw one.
template <class F>
std::optional<errc> error_of(F f) {
  try {
    f();
  } catch (const error& e) {
    if (e.code().category() != troupe_category()) throw;
    return static_cast<errc>(e.code().value());
  }
  return std::nullopt;
}

/// The text of that error, or nothing.
template <class F>
std::string text_of(F f) {
  try {
    f();
  } catch (const error& e) {
    return e.what();
  }
  return {};
}

}  // namespace troupe::test
