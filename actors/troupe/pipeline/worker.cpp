#include "troupe/pipeline/worker.hpp"

#include "troupe/base/error.hpp"

#include <chrono>
#include <thread>

namespace troupe::pipeline {

void worker::on(const work& order) {
  done result{.by = tag_, .item = order.item, .content = order.content};
  try {
    carry_out(result);
    report(result);
  } catch (...) {  // of a step function, or of a result that cannot be sent
    report(failed{.by = tag_,
                  .item = order.item,
                  .step = static_cast<std::uint32_t>(result.busy.size()),
                  .type = current_exception_type(),
                  .text = current_exception_text()});
  }
}

void worker::carry_out(done& result) {
  using clock = std::chrono::steady_clock;
  for (const auto& step : steps_) {
    const auto start = clock::now();
    result.content = step->apply(std::move(result.content));
    result.busy.push_back(std::chrono::nanoseconds{clock::now() - start}.count());
    if (!result.content) return;
  }
}

/// While the inbox of the driver's process has no room there is nothing better to do than to wait for it: `tell` does,
/// up to a limit that may be 0. The driver's own mailbox always has room. A driver that is gone needs no answers.
template <class Message>
void worker::report(const Message& what) {
  for (;;) try {
      return driver_.tell(what);
    } catch (const error& e) {
      if (e.code() == errc::mailbox_full) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
        continue;
      }
      if (e.code() != errc::process_died && e.code() != errc::actor_gone && e.code() != errc::closed) throw;
      return stop();
    }
}

}  // namespace troupe::pipeline
