#pragma once

#include "troupe/actor/actor.hpp"
#include "troupe/actor/ref.hpp"
#include "troupe/pipeline/carried.hpp"
#include "troupe/pipeline/messages.hpp"
#include "troupe/pipeline/step.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::pipeline {

/// Carries out the steps of one group, one item at a time, and tells the driver what came of it.
class worker : public actor<worker_api> {
 public:
  void on(const work& order);
  void on(const leave&) { stop(); }

 protected:
  worker(ref<driver_api> driver, worker_tag tag, std::size_t window)
      : driver_{std::move(driver)}
      , tag_{tag}
      , window_{window} {}
  /// For the items in its hands, and for `leave`.
  [[nodiscard]] std::size_t mailbox() const override { return window_ + 1; }
  void add(std::unique_ptr<step> next) { steps_.push_back(std::move(next)); }

 private:
  void carry_out(done& result);
  template <class Message>
  void report(const Message& what);

  const ref<driver_api> driver_;
  const worker_tag tag_;
  const std::size_t window_;
  std::vector<std::unique_ptr<step>> steps_;
};

/// The worker of a chain whose source yields `Source`. It carries out the steps whose functions it is given.
template <class Source, class... Fs>
class chain_worker final : public worker {
 public:
  chain_worker(ref<driver_api> driver, worker_tag tag, std::size_t window, [[maybe_unused]] carried_chain<Fs...> chain)
      : worker{std::move(driver), tag, window} {
    if constexpr (sizeof...(Fs) > 0) add_steps<Source, 0, Fs...>(chain);
  }

 private:
  template <class In, std::size_t At, class F, class... Rest, class Chain>
  void add_steps(Chain& chain) {
    carried<F>& function = std::get<At>(chain.functions);
    if (function) add(std::make_unique<typed_step<F, In, typename carried<F>::shipped>>(std::move(*function)));
    if constexpr (sizeof...(Rest) > 0) add_steps<yielded<F, In>, At + 1, Rest...>(chain);
  }
};

}  // namespace troupe::pipeline
