#include "troupe/actor/node_main.hpp"

#include "troupe/actor/guardian.hpp"
#include "troupe/actor/node_core.hpp"

#include <future>

namespace troupe::actors {

int node_main(node_settings settings) {
  node_core::configure({.threads = settings.threads,
                        .mailbox = static_cast<std::size_t>(settings.mailbox),
                        .inbox_wait = std::chrono::nanoseconds{settings.inbox_wait_ns}});
  node_core& here = node_core::current();
  std::promise<void> end;
  auto ended = end.get_future();
  std::once_flag once;
  const auto request_end = [&] { std::call_once(once, [&] { end.set_value(); }); };
  const any_ref first = here.spawn(std::make_unique<guardian>(request_end), dispatch_of<guardian>);

  packet_header ready;
  ready.what = packet_header::kind::answer;
  ready.correlation = settings.correlation;
  ready.from = here.self();
  here.send_soon(settings.parent, ready, wire::encode(first.address()));

  ended.wait();
  node_core::shut_down();
  return 0;
}

}  // namespace troupe::actors
