#include "troupe/pipeline/worker.hpp"

#include "troupe/base/error.hpp"

#include <chrono>

namespace troupe::pipeline {

void worker::on(const work& order) {
  using clock = std::chrono::steady_clock;
  done result{.by = tag_, .item = order.item, .content = order.content};
  try {
    for (const auto& step : steps_) {
      const auto start = clock::now();
      result.content = step->apply(std::move(result.content));
      result.busy.push_back(std::chrono::nanoseconds{clock::now() - start}.count());
      if (!result.content) break;
    }
  } catch (...) {
    report(failed{.by = tag_,
                  .item = order.item,
                  .step = static_cast<std::uint32_t>(result.busy.size()),
                  .type = current_exception_type(),
                  .text = current_exception_text()});
    return;
  }
  report(result);
}

/// While the driver's inbox has no room there is nothing better to do than to wait for it. A driver that is gone needs
/// no answers; what follows in the mailbox is soon dropped, for this process ends.
template <class Message>
void worker::report(const Message& what) {
  for (;;) try {
      driver_.tell(what);
      return;
    } catch (const error& e) {
      if (e.code() != errc::mailbox_full) return stop();
    }
}

}  // namespace troupe::pipeline
