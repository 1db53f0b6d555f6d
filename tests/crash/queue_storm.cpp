// Queues whose users are killed, stopped and let go on at random, with a ledger of what became of every item.
#include "bystander.hpp"
#include "support/catch.hpp"
#include "support/footprint.hpp"
#include "support/proven_item.hpp"
#include "support/shared.hpp"
#include "support/storm.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr std::size_t places = 6;  // the even ones are producers', the odd ones consumers'
constexpr std::size_t blows_of_a_round = 40;
constexpr std::size_t most_makers = 128;  // of a round: each process that produces is another maker
constexpr std::size_t most_items = std::size_t{1} << 22;

/// What outlives the killed. Each process writes a thing down right after it happened.
struct ledger {
  std::array<std::atomic<std::uint64_t>, places> moves;     // by those in each place
  std::array<std::atomic<std::uint64_t>, most_makers> put;  // how many items each maker's puts returned from
  std::atomic<std::uint64_t> taken, redelivered, doubled, disordered, invented;
  std::atomic<std::uint64_t> reported;  // items lost, as the queue tells
  std::array<std::array<std::atomic<bool>, most_items>, most_makers> is_taken;
};

// What is put and how it is taken. `take` waits for something; both call `note(item, deliveries)`.

/// One at a time, from a few bytes to more than a queue keeps memory for.
struct single_items {
  using item = proven_item;
  static constexpr bool leases = false;
  static constexpr std::size_t batch = 1;
  static constexpr std::size_t lost_with_a_consumer = 1;

  static void put(queue<item>& out, std::uint32_t maker, std::uint64_t sequence) {
    out.put(item::make(maker, sequence, size_of(mixed(maker + sequence * most_makers))));
  }
  template <class Note>
  static void take(queue<item>& in, Note note) {
    note(in.get(), 1);
  }
  template <class Note>
  static bool try_take(queue<item>& in, Note note) {
    const auto item = in.try_get();
    if (item) note(*item, 1);
    return item.has_value();
  }

 private:
  static std::size_t size_of(std::uint64_t random) {
    const std::uint64_t size = random >> 32U;
    if (random % 512 == 0) return 4'600'000;
    if (random % 32 == 1) return size % 400'000;
    return size % (random % 4 == 2 ? 5'000 : 64);
  }
};

/// Many small ones at once.
struct batches {
  using item = proven_word;
  static constexpr bool leases = false;
  static constexpr std::size_t batch = 16;
  static constexpr std::size_t lost_with_a_consumer = batch;

  static void put(queue<item>& out, std::uint32_t maker, std::uint64_t first) {
    std::array<item, batch> items;
    for (std::size_t i = 0; i < batch; ++i) items[i] = item::make(maker, first + i);
    out.put_many(items);
  }
  template <class Note>
  static void take(queue<item>& in, Note note) {
    for (const item& taken : in.get_many(batch)) note(taken, 1);
  }
  template <class Note>
  static bool try_take(queue<item>& in, Note note) {
    const auto items = in.try_get_many(batch);
    for (const item& taken : items) note(taken, 1);
    return !items.empty();
  }
};

/// One at a time, and never lost.
struct leased_items : single_items {
  static constexpr bool leases = true;
  static constexpr std::size_t lost_with_a_consumer = 0;

  template <class Note>
  static void take(queue<item>& in, Note note) {
    auto held = in.lease();
    note(*held, held.deliveries());
    held.done();
  }
  template <class Note>
  static bool try_take(queue<item>& in, Note note) {
    auto held = in.try_lease();
    if (!held) return false;
    note(**held, held->deliveries());
    held->done();
    return true;
  }
};

template <class Item>
void note_losses(queue<Item>& of, const shared<ledger>& notes) {
  of.on_lost([notes](const lost_items& lost) { notes->reported += lost.count; });
}

template <class Traffic>
int produce(queue<typename Traffic::item> out, shared<ledger> notes, std::size_t place, std::uint32_t maker) {
  note_losses(out, notes);
  for (std::uint64_t next = 0; next + Traffic::batch <= most_items; next += Traffic::batch) {
    Traffic::put(out, maker, next);
    notes->put[maker].store(next + Traffic::batch);
    ++notes->moves[place];
  }
  return 1;  // the ledger is full
}

/// What one consumer checks and writes down.
template <class Traffic>
class taker {
 public:
  explicit taker(shared<ledger> notes) : notes_{std::move(notes)} {}

  void operator()(const typename Traffic::item& item, std::uint32_t deliveries) {
    // Its maker had noted all puts but the one that brought this item.
    if (!item.is_whole() || item.maker >= most_makers || item.sequence >= notes_->put[item.maker] + Traffic::batch) {
      ++notes_->invented;
      return;
    }
    const bool again = notes_->is_taken[item.maker][item.sequence].exchange(true);
    ++notes_->taken;
    if (deliveries > 1) {
      ++notes_->redelivered;
      return;
    }
    if (again) ++notes_->doubled;
    if (item.sequence < next_of_[item.maker]) ++notes_->disordered;
    next_of_[item.maker] = item.sequence + 1;
  }

 private:
  shared<ledger> notes_;
  std::array<std::uint64_t, most_makers> next_of_{};
};

template <class Traffic>
int consume(queue<typename Traffic::item> in, shared<ledger> notes, std::size_t place) {
  note_losses(in, notes);
  for (taker<Traffic> mine{notes};;) {
    Traffic::take(in, std::ref(mine));
    ++notes->moves[place];
  }
}

/// Items that were put and that nobody noted.
std::uint64_t lost_of(const ledger& notes, std::uint32_t maker, std::size_t batch) {
  const std::uint64_t put = notes.put[maker];
  std::uint64_t end = put;  // the last put may have happened, or a part of it
  for (std::uint64_t i = put; i < std::min(put + batch, most_items); ++i)
    if (notes.is_taken[maker][i]) end = i + 1;
  std::uint64_t lost = 0;
  for (std::uint64_t i = 0; i < end; ++i) lost += notes.is_taken[maker][i] ? 0 : 1;
  return lost;
}

/// Returns once those in all places have put or taken something.
void wait_for_progress(storm& storm, const ledger& notes) {
  storm.all_go_on();
  std::array<std::uint64_t, places> before{};
  for (std::size_t place = 0; place < places; ++place) before[place] = notes.moves[place];
  for (std::size_t place = 0; place < places; ++place)
    while (notes.moves[place] == before[place]) storm.watch();
}

struct tally {
  std::uint64_t taken = 0;
  std::uint64_t redelivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t reported = 0;
  std::uint64_t killed_consumers = 0;
};

/// A part of a storm, with a ledger of its own, at the end of which everybody is killed and the ledger must be right.
template <class Traffic>
void weather_a_round(storm& storm, queue<typename Traffic::item>& items, tally& total) {
  const auto notes = shared<ledger>::make();
  note_losses(items, notes);
  std::uint32_t makers = 0;
  const auto fill = [&](std::size_t place) {
    if (place % 2 == 0)
      storm.start(place, process{produce<Traffic>, items, notes, place, makers++});
    else
      storm.start(place, process{consume<Traffic>, items, notes, place});
  };
  std::uint64_t killed_consumers = places / 2;  // at the end
  for (std::size_t place = 0; place < places; ++place) fill(place);
  for (std::size_t blow = 0; blow < blows_of_a_round; ++blow)
    for (const std::size_t place : storm.blow()) {
      killed_consumers += place % 2;
      fill(place);
    }
  wait_for_progress(storm, *notes);
  storm.kill_all();

  taker<Traffic> survivor{notes};
  while (Traffic::try_take(items, std::ref(survivor))) {
  }
  REQUIRE(items.empty());
  std::uint64_t lost = 0;
  for (std::uint32_t maker = 0; maker < makers; ++maker) lost += lost_of(*notes, maker, Traffic::batch);
  REQUIRE(notes->invented == 0);
  REQUIRE(notes->doubled == 0);
  REQUIRE(notes->disordered == 0);
  // Each had taken at most once what it did not note, and all of that is reported.
  REQUIRE(lost <= killed_consumers * Traffic::lost_with_a_consumer);
  REQUIRE(lost <= notes->reported);
  total.taken += notes->taken;
  total.redelivered += notes->redelivered;
  total.reported += notes->reported;
  total.lost += lost;
  total.killed_consumers += killed_consumers;
}

template <class Traffic>
void weather_a_storm(std::string_view name) {
  process{[] {}}.start();  // what the first process leaves behind, stays
  const footprint before = footprint::now();
  {
    storm storm{name, places};
    bystander stopped;
    queue<typename Traffic::item> items{
        queue_options{.maxsize = 50, .max_bytes = std::size_t{16} << 20, .leases = Traffic::leases}};
    tally total;
    while (!storm.is_over()) weather_a_round<Traffic>(storm, items, total);
    stopped.go_on_and_end();
    storm.report(std::to_string(total.taken) + " items moved, 0 doubled, " + std::to_string(total.lost)
                 + " lost with the " + std::to_string(total.killed_consumers) + " killed consumers ("
                 + std::to_string(total.reported) + " reported), " + std::to_string(total.redelivered)
                 + " redelivered");
  }
  const footprint after = footprint::settled_within(before);
  INFO("before there were " << before << ", afterwards there are " << after);
  CHECK(after.is_within(before));
}

}  // namespace

TEST_CASE("in a storm of kills and stops a queue of items of all sizes loses at most what a killed consumer held",
          "[storm]") {
  weather_a_storm<single_items>("queue storm, single items");
}

TEST_CASE("in a storm of kills and stops batches of small items are put and taken once, and from the first on",
          "[storm]") {
  weather_a_storm<batches>("queue storm, batches");
}

TEST_CASE("in a storm of kills and stops leased items come again until somebody is done with them", "[storm]") {
  weather_a_storm<leased_items>("queue storm, leases");
}

TEST_CASE("a consumer blocked on an empty queue gets the item of a producer that was killed right after its put") {
  for (int i = 0; i < 50; ++i) {
    queue<int> q;
    process p{[](queue<int> out) {
                out.put(42);
                std::raise(SIGKILL);
              },
              q};
    p.start();
    REQUIRE(q.get() == 42);
    p.join();
    REQUIRE(p.exit_code() == -SIGKILL);
  }
}
