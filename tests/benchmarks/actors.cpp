// Actors beside native CAF with the same settings: medians [min..max] of interleaved repetitions.
//   bench_actors [repetitions] [messages]
#include "troupe/actor/actor.hpp"
#include "troupe/actor/system.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <string>
#include <vector>

namespace {

using count = std::uint64_t;
constexpr unsigned threads = 2;
constexpr int senders = 4;

// -- the same actors, twice ------------------------------------------------------------------------------------------

struct partner;
struct ball {
  count left = 0;
};
struct pinger_api : troupe::protocol<partner, ball> {};
struct partner {
  troupe::ref<pinger_api> who;
  std::uint64_t done = 0;  // a std::promise<void>* of this process

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & who & done;
  }
};

void finish(std::uint64_t promise) { reinterpret_cast<std::promise<void>*>(promise)->set_value(); }

class pinger : public troupe::actor<pinger_api> {
 public:
  void on(const partner& m) { partner_ = m; }
  void on(const ball& m) {
    if (m.left == 0)
      finish(partner_.done);
    else
      partner_.who.tell(ball{m.left - 1});
  }

 private:
  partner partner_;
};

caf::behavior native_pinger(caf::event_based_actor* self) {
  struct state {
    caf::actor who;
    std::uint64_t done = 0;
  };
  auto mine = std::make_shared<state>();
  return {[mine](const caf::actor& who, std::uint64_t done) { *mine = {who, done}; },
          [mine, self](count left) {
            if (left == 0)
              finish(mine->done);
            else
              self->send(mine->who, left - 1);
          }};
}

struct expect {
  count messages = 0;
  std::uint64_t done = 0;
};
struct sink_api : troupe::protocol<expect, ball> {};
class sink : public troupe::actor<sink_api> {
 public:
  void on(const expect& m) { expected_ = m; }
  void on(const ball&) {
    if (--expected_.messages == 0) finish(expected_.done);
  }

 private:
  expect expected_;
};

caf::behavior native_sink() {
  auto mine = std::make_shared<expect>();
  return {[mine](count messages, std::uint64_t done) { *mine = {messages, done}; },
          [mine](count) {
            if (--mine->messages == 0) finish(mine->done);
          }};
}

struct flood {
  troupe::ref<sink_api> to;
  count messages = 0;
};
struct source_api : troupe::protocol<flood> {};
class source : public troupe::actor<source_api> {
 public:
  void on(const flood& m) {
    for (count i = 0; i < m.messages; ++i)
      while (!m.to.try_tell(ball{i})) {
      }
  }
};

caf::behavior native_source(caf::event_based_actor* self) {
  return {[self](const caf::actor& to, count messages) {
    for (count i = 0; i < messages; ++i) self->send(to, i);
  }};
}

struct echo {
  using reply = count;
  count value = 0;
};
struct server_api : troupe::protocol<echo> {};
class server : public troupe::actor<server_api> {
 public:
  count on(const echo& m) { return m.value; }
};

caf::behavior native_server() {
  return {[](count value) { return value; }};
}

// -- measuring -------------------------------------------------------------------------------------------------------

double seconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct result {
  std::string name;
  std::vector<double> nanoseconds;  // per message

  void add(double total, count messages) { nanoseconds.push_back(total * 1e9 / static_cast<double>(messages)); }
  void print(double baseline) {
    std::sort(nanoseconds.begin(), nanoseconds.end());
    const double median = nanoseconds[nanoseconds.size() / 2];
    std::printf("%-52s %9.0f ns  [%.0f..%.0f]", name.c_str(), median, nanoseconds.front(), nanoseconds.back());
    if (baseline > 0) std::printf("   %.2f x native", median / baseline);
    std::printf("\n");
  }
  [[nodiscard]] double median() const { return nanoseconds[nanoseconds.size() / 2]; }
};

std::uint64_t address_of(std::promise<void>& promise) { return reinterpret_cast<std::uint64_t>(&promise); }

class benchmark {
 public:
  benchmark(troupe::system& ours, caf::actor_system& native, count messages)
      : ours_{ours}
      , native_{native}
      , messages_{messages}
      , node_{ours.start_node({.name = "other"})} {}

  void run(int repetitions) {
    for (int i = 0; i < repetitions; ++i) {
      ping_pong_.add(seconds([&] { ping_pong(); }), messages_);
      native_ping_pong_.add(seconds([&] { native_ping_pong(); }), messages_);
      fan_in_.add(seconds([&] { fan_in(); }), messages_);
      native_fan_in_.add(seconds([&] { native_fan_in(); }), messages_);
      const count few = messages_ / 20;
      ask_.add(seconds([&] { ask(ours_.spawn<server>(), few); }), few);
      native_ask_.add(seconds([&] { native_ask(few); }), few);
      far_ask_.add(seconds([&] { ask(node_.spawn<server>(), few); }), few);
      far_window_.add(seconds([&] { far_window(messages_ / 4); }), messages_ / 4);
    }
  }
  void print() {
    print(ping_pong_, native_ping_pong_);
    print(fan_in_, native_fan_in_);
    print(ask_, native_ask_);
    far_ask_.print(0);
    far_window_.print(0);
  }

 private:
  static void print(result& mine, result& native) {
    native.print(0);
    mine.print(native.median());
  }
  void ping_pong() {
    std::promise<void> done;
    const auto a = ours_.spawn<pinger>();
    const auto b = ours_.spawn<pinger>();
    a.tell(partner{b, address_of(done)});
    b.tell(partner{a, address_of(done)});
    a.tell(ball{messages_});
    done.get_future().get();
  }
  void native_ping_pong() {
    std::promise<void> done;
    const auto a = native_.spawn(native_pinger);
    const auto b = native_.spawn(native_pinger);
    caf::anon_send(a, b, address_of(done));
    caf::anon_send(b, a, address_of(done));
    caf::anon_send(a, messages_);
    done.get_future().get();
    caf::anon_send_exit(a, caf::exit_reason::kill);
    caf::anon_send_exit(b, caf::exit_reason::kill);
  }
  void fan_in() {
    std::promise<void> done;
    const auto to = ours_.spawn<sink>();
    to.tell(expect{messages_ / senders * senders, address_of(done)});
    for (int i = 0; i < senders; ++i) ours_.spawn<source>().tell(flood{to, messages_ / senders});
    done.get_future().get();
  }
  void native_fan_in() {
    std::promise<void> done;
    const auto to = native_.spawn(native_sink);
    caf::anon_send(to, messages_ / senders * senders, address_of(done));
    for (int i = 0; i < senders; ++i) caf::anon_send(native_.spawn(native_source), to, messages_ / senders);
    done.get_future().get();
  }
  static void ask(const troupe::ref<server_api>& to, count times) {
    for (count i = 0; i < times; ++i)
      if (to.ask(echo{i}).get() != i) std::abort();
  }
  void native_ask(count times) {
    caf::scoped_actor self{native_};
    const auto to = native_.spawn(native_server);
    for (count i = 0; i < times; ++i)
      self->request(to, caf::infinite).receive([](count) {}, [](const caf::error&) { std::abort(); });
  }
  void far_window(count times) {
    const auto to = node_.spawn<server>();
    std::vector<troupe::answer<count>> window;
    for (count i = 0; i < times; ++i) {
      window.push_back(to.ask(echo{i}));
      if (window.size() < 1000) continue;
      for (auto& answer : window) static_cast<void>(answer.get());
      window.clear();
    }
    for (auto& answer : window) static_cast<void>(answer.get());
  }

  troupe::system& ours_;
  caf::actor_system& native_;
  count messages_;
  troupe::node node_;
  result native_ping_pong_{"ping-pong, native", {}};
  result ping_pong_{"ping-pong", {}};
  result native_fan_in_{"4 actors -> 1, native", {}};
  result fan_in_{"4 actors -> 1", {}};
  result native_ask_{"ask from a thread, native (scoped_actor)", {}};
  result ask_{"ask from a thread", {}};
  result far_ask_{"ask to another process, one at a time", {}};
  result far_window_{"ask to another process, 1000 under way", {}};
};

}  // namespace

int main(int argc, char** argv) {
  troupe::system ours{{.threads = threads, .mailbox = 1'000'000}};
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{threads});
  config.set("scheduler.max-throughput", std::size_t{300});
  caf::actor_system native{config};

  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 7;
  const count messages = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200'000;
  benchmark all{ours, native, messages};
  all.run(repetitions);
  all.print();
}
