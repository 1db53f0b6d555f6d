#include "troupe/pipeline/crew.hpp"

#include "troupe/base/error.hpp"

#include <algorithm>
#include <utility>

namespace troupe::pipeline {
namespace {

bool says_gone(const error& e) {
  return e.code() == errc::process_died || e.code() == errc::actor_gone || e.code() == errc::closed;
}

}  // namespace

crew::crew(system& home, std::shared_ptr<const workshop> makes, const group& steps, std::uint32_t number,
           std::string name)
    : home_{home}
    , makes_{std::move(makes)}
    , steps_{steps}
    , number_{number}
    , name_{std::move(name)}
    , places_(steps.width) {}

ref<worker_api> crew::hire(std::uint32_t index, const ref<driver_api>& driver) {
  place& one = places_[index];
  std::string last = "its process ended";
  for (;;) {
    check_fruitless(one, last);
    ++one.life;
    try {
      return one.who = make(index, driver);
    } catch (const error& e) {
      if (!says_gone(e)) throw;
      last = e.what();
      one.home.reset();
      ++one.fruitless;
    }
  }
}

void crew::open() {
  for (std::uint32_t index = 0; steps_.own_process && index < places(); ++index) open(index);
}

void crew::open(std::uint32_t index) {
  auto& process = places_[index].home;
  if (!process)
    process =
        std::make_shared<worker_process::home>(home_.start_node({.name = name_ + '-' + std::to_string(index + 1)}));
}

ref<worker_api> crew::make(std::uint32_t index, const ref<driver_api>& driver) {
  const worker_tag tag{.group = number_, .index = index, .life = places_[index].life};
  if (!steps_.own_process) return makes_->make(home_, steps_, driver, tag);
  open(index);
  return makes_->make(places_[index].home->host(), steps_, driver, tag);
}

/// Restarts that lead nowhere have an end, whatever the items' own limits say.
void crew::check_fruitless(const place& one, const std::string& last) const {
  const std::uint64_t most = std::uint64_t{steps_.retries} + 3;
  if (one.fruitless > most)
    throw error{errc::process_died, "step '" + name_ + "': " + std::to_string(one.fruitless)
                                        + " workers in a row died before they finished an item; the last: " + last};
}

bool crew::give(const work& order) {
  place* best = nullptr;
  for (place& one : places_)
    if (one.who && one.in_hands.size() < steps_.window && (!best || one.in_hands.size() < best->in_hands.size()))
      best = &one;
  if (best == nullptr) return false;
  try {
    // A full inbox has room again when the worker is done with an item; one that has none must be waited for.
    if (best->in_hands.empty())
      best->who.tell(order);
    else if (!best->who.try_tell(order))
      return false;
  } catch (const error& e) {
    if (!says_gone(e)) throw;
    best->who = {};
    return give(order);
  }
  best->in_hands.push_back(order.item);
  ++in_hands_;
  return true;
}

bool crew::settle(const worker_tag& by, std::uint64_t item) {
  if (by.index >= places_.size() || places_[by.index].life != by.life) return false;
  place& one = places_[by.index];
  const auto at = std::ranges::find(one.in_hands, item);
  if (at == one.in_hands.end()) return false;
  one.in_hands.erase(at);
  one.fruitless = 0;
  --in_hands_;
  return true;
}

std::deque<std::uint64_t> crew::lose(std::uint32_t index) {
  place& one = places_[index];
  one.who = {};
  if (one.home) std::exchange(one.home, nullptr)->kill();  // the actor alone may have ended
  ++one.fruitless;
  in_hands_ -= one.in_hands.size();
  return std::exchange(one.in_hands, {});
}

void crew::show_workers(std::vector<worker_process>& list) const {
  for (const place& one : places_)
    if (one.who && one.home) list.emplace_back(name_, one.home);
}

std::vector<std::shared_ptr<worker_process::home>> crew::dismiss(bool at_once) {
  std::vector<std::shared_ptr<worker_process::home>> homes;
  for (place& one : places_) try {
      if (!one.home) {
        if (one.who) one.who.tell(leave{});
        continue;
      }
      homes.push_back(one.home);
      at_once || !one.in_hands.empty() ? one.home->kill() : one.home->stop();
    } catch (const error&) {
      // It has ended already.
    }
  return homes;
}

}  // namespace troupe::pipeline
