#include "support/storm.hpp"

#include "troupe/base/error.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <thread>

namespace troupe::test {
namespace {

constexpr std::uint64_t usual_seconds = 4;
constexpr std::uint64_t longest_lull = 12'000;  // microseconds

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

storm::storm(std::string_view name, std::size_t places)
    : name_{name}
    , end_{clock::now() + std::chrono::seconds{from_environment("TROUPE_STORM_SECONDS", usual_seconds)}}
    , victims_(places) {
  const std::uint64_t seed = from_environment("TROUPE_STORM_SEED", std::random_device{}());
  random_.seed(seed);
  std::printf("%s (TROUPE_STORM_SEED=%llu): ", name_.c_str(), static_cast<unsigned long long>(seed));
  std::fflush(stdout);  // whoever ends a hang needs it
}

storm::~storm() {
  for (victim& v : victims_) {
    try {
      if (v.subject.is_alive()) v.subject.kill();
    } catch (const error& e) {
      std::fprintf(stderr, "%s\n", e.what());
    }
  }
}

void storm::start(std::size_t place, process subject) {
  victims_[place] = {std::move(subject), false};
  victims_[place].subject.start();
}

std::vector<std::size_t> storm::blow() {
  const bool at_once = random_() % 4 == 0;
  if (!at_once) std::this_thread::sleep_for(std::chrono::microseconds{random_() % longest_lull});
  const std::size_t place = any_place();
  switch (random_() % 8) {
  case 0:
  case 1: stop(place); return {};
  case 2:
  case 3: go_on(place); return {};
  case 4: all_go_on(); return {};
  default: break;
  }
  std::vector<std::size_t> killed{place};
  if (random_() % 8 == 0) killed.push_back((place + 1) % places());
  kill(killed);
  return killed;
}

void storm::kill(const std::vector<std::size_t>& places) {
  for (const std::size_t place : places) victims_[place].subject.kill();
  for (const std::size_t place : places) {
    process& subject = victims_[place].subject;
    subject.join();
    if (places.size() > 1 && subject.exit_code() == 0) continue;  // the death of another was the end of its work
    if (subject.exit_code() != -SIGKILL) throw_ended(place);
  }
  kills_ += places.size();
}

void storm::kill_all() {
  std::vector<std::size_t> all(places());
  std::iota(all.begin(), all.end(), std::size_t{0});
  kill(all);
}

void storm::watch() {
  for (std::size_t place = 0; place < places(); ++place)
    if (!victims_[place].subject.is_alive()) throw_ended(place);
  std::this_thread::yield();
}

void storm::throw_ended(std::size_t place) {
  throw std::runtime_error{name_ + ": the process in place " + std::to_string(place)
                           + " had ended by itself, with exit code "
                           + std::to_string(victims_[place].subject.exit_code().value_or(-1))};
}

void storm::stop(std::size_t place) {
  const auto stopped = std::count_if(victims_.begin(), victims_.end(), [](const victim& v) { return v.stopped; });
  if (victims_[place].stopped || 2 * static_cast<std::size_t>(stopped) >= places()) return;
  ::kill(*victims_[place].subject.pid(), SIGSTOP);
  victims_[place].stopped = true;
  ++stops_;
}

void storm::go_on(std::size_t place) {
  if (!victims_[place].stopped) return;
  ::kill(*victims_[place].subject.pid(), SIGCONT);
  victims_[place].stopped = false;
}

void storm::all_go_on() {
  for (std::size_t place = 0; place < places(); ++place) go_on(place);
}

int storm::wait_for_end(std::size_t place) {
  go_on(place);
  process& subject = victims_[place].subject;
  subject.join();
  return *subject.exit_code();
}

void storm::report(const std::string& result) const {
  std::printf("%zu kills, %zu stops, %s\n", kills_, stops_, result.c_str());
}

}  // namespace troupe::test
