#pragma once

#include "troupe/actor/node.hpp"
#include "troupe/actor/ref.hpp"
#include "troupe/actor/system.hpp"
#include "troupe/pipeline/carried.hpp"
#include "troupe/pipeline/graph.hpp"
#include "troupe/pipeline/messages.hpp"
#include "troupe/pipeline/worker.hpp"

#include <utility>

namespace troupe::pipeline {

/// Makes the workers of a pipeline; knows its types, so that the driver need not.
class workshop {
 public:
  workshop() = default;
  workshop(const workshop&) = delete;
  workshop& operator=(const workshop&) = delete;
  virtual ~workshop() = default;
  [[nodiscard]] virtual ref<worker_api> make(system& home, const group& steps, ref<driver_api> driver,
                                             worker_tag tag) const = 0;
  [[nodiscard]] virtual ref<worker_api> make(node& home, const group& steps, ref<driver_api> driver,
                                             worker_tag tag) const = 0;
};

template <class Source, class... Fs>
class typed_workshop final : public workshop {
 public:
  explicit typed_workshop(carried_chain<Fs...> chain) : chain_{std::move(chain)} {}

  ref<worker_api> make(system& home, const group& steps, ref<driver_api> driver, worker_tag tag) const override {
    return home.spawn<chain_worker<Source, Fs...>>(std::move(driver), tag, steps.window, chain_of(steps));
  }
  ref<worker_api> make(node& home, const group& steps, ref<driver_api> driver, worker_tag tag) const override {
    return home.spawn<chain_worker<Source, Fs...>>(std::move(driver), tag, steps.window, chain_of(steps));
  }

 private:
  [[nodiscard]] carried_chain<Fs...> chain_of(const group& steps) const {
    carried_chain<Fs...> part = chain_;
    part.keep(steps.first, steps.last);
    return part;
  }

  const carried_chain<Fs...> chain_;
};

}  // namespace troupe::pipeline
