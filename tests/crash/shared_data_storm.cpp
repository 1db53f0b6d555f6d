// Shared data whose users are killed, stopped and let go on at random.
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "support/footprint.hpp"
#include "support/shared.hpp"
#include "support/storm.hpp"
#include "troupe/array.hpp"
#include "troupe/process.hpp"
#include "troupe/shareable_list.hpp"
#include "troupe/shared_memory.hpp"
#include "troupe/value.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::size_t places = 6;
constexpr long opening = 1000;  // of each account

using accounts = std::array<long, 20>;

/// What outlives the killed.
struct ledger {
  std::atomic<std::uint64_t> moves, mended, wrong;
};

/// What they share. Whoever looks finds the same sum everywhere, and items that are whole.
struct bank {
  value<accounts> by_update;  // changed as a whole
  array<long> in_place;       // changed under its lock, and mended after a death
  shareable_list names;       // each a letter, repeated
  std::string memory;         // a name

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive & by_update & in_place & names & memory;
  }
};

long sum(const auto& numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0L); }
constexpr long total = opening * static_cast<long>(accounts{}.size());

accounts opened() {
  accounts made{};
  made.fill(opening);
  return made;
}

bool is_whole(const any_value& name) {
  const std::string& text = name.as_string();
  return !text.empty() && text.find_first_not_of(text[0]) == std::string::npos;
}

class clerk {
 public:
  clerk(bank& work, ledger& notes) : work_{work}, notes_{notes} {}

  void move_by_update() {
    const std::size_t from = any_account();
    const std::size_t to = any_account();
    const accounts before = work_.by_update.update([&](accounts& all) {
      all.at(from) -= 1;
      all.at(to) += 1;
    });
    note(sum(before) == total);
  }
  void move_in_place() {
    const std::scoped_lock guard{work_.in_place};
    if (work_.in_place.abandoned()) {
      work_.in_place[0] += total - sum(work_.in_place);
      work_.in_place.mend();
      notes_.mended += 1;
    }
    note(sum(work_.in_place) == total);
    work_.in_place[any_account()] -= 1;
    work_.in_place[any_account()] += 1;
  }
  void rename() {
    const std::size_t index = random_() % work_.names.size();
    note(is_whole(work_.names[index]));
    work_.names.set(index, std::string(1 + random_() % 64, static_cast<char>('a' + random_() % 26)));
  }
  void open_memory() { note(shared_memory::open(work_.memory).bytes()[0] == std::byte{42}); }

 private:
  std::size_t any_account() { return random_() % accounts{}.size(); }
  void note(bool right) {
    notes_.moves += 1;
    if (!right) notes_.wrong += 1;
  }

  bank& work_;
  ledger& notes_;
  std::minstd_rand random_{static_cast<unsigned>(::getpid())};
};

void work(bank shared_bank, shared<ledger> notes) {
  clerk one{shared_bank, *notes};
  for (;;) {
    for (int i = 0; i < 20; ++i) {
      one.move_by_update();
      one.move_in_place();
      one.rename();
    }
    one.open_memory();
  }
}

void weather_a_storm(storm& storm) {
  const auto notes = shared<ledger>::make();
  const std::string name = "test-storm-" + std::to_string(::getpid());
  auto memory = shared_memory::create(name, 1);
  memory.bytes()[0] = std::byte{42};
  bank shared_bank{value{opened()}, array<long>(opened()), shareable_list{std::string(64, 'a'), std::string(64, 'b')},
                   name};
  const auto fill = [&](std::size_t place) { storm.start(place, process{work, shared_bank, notes}); };
  for (std::size_t place = 0; place < places; ++place) fill(place);
  while (!storm.is_over())
    for (const std::size_t place : storm.blow()) fill(place);
  storm.kill_all();

  clerk survivor{shared_bank, *notes};
  survivor.move_by_update();
  survivor.move_in_place();
  survivor.rename();
  survivor.open_memory();
  for (const any_value& item : shared_bank.names.items()) REQUIRE(is_whole(item));
  REQUIRE(sum(shared_bank.by_update.load()) == total);
  REQUIRE(sum(shared_bank.in_place) == total);
  REQUIRE(notes->wrong == 0);
  memory.close();
  REQUIRE(error_of([&] { (void)shared_memory::open(name); }) == errc::no_such_name);
  storm.report(std::to_string(notes->moves) + " changes, none of them torn, " + std::to_string(notes->mended)
               + " mended after a death");
}

}  // namespace

TEST_CASE("in a storm of kills and stops shared data stays right, and nothing of it stays behind", "[storm]") {
  process{[] {}}.start();  // what the first process leaves behind, stays
  const footprint before = footprint::now();
  {
    storm storm{"shared data storm", places};
    weather_a_storm(storm);
  }
  const footprint after = footprint::settled_within(before);
  INFO("before there were " << before << ", afterwards there are " << after);
  CHECK(after.is_within(before));
}
