// Queues whose users are killed, stopped and let go on at random, with a ledger of what became of every item.
#include "bystander.hpp"
#include "support/catch.hpp"
#include "support/footprint.hpp"
#include "support/proven_item.hpp"
#include "support/shared.hpp"
#include "support/storm.hpp"
#include "troupe/process.hpp"
#include "troupe/queue.hpp"
#include "troupe/wait.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>
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
  std::atomic<std::uint64_t> taken, doubled, disordered, invented;
  std::atomic<std::uint64_t> again;     // delivered once more, and said so
  std::atomic<std::uint64_t> reported;  // as lost
  std::array<std::array<std::atomic<bool>, most_items>, most_makers> is_taken;
};

/// What one consumer checks and writes down.
class taker {
 public:
  /// The last `batch` items of a maker may be put and not noted yet.
  taker(shared<ledger> notes, std::size_t batch) : notes_{std::move(notes)}, batch_{batch} {}

  template <class Item>
  void note(const Item& item, std::uint32_t deliveries = 1) {
    if (!item.is_whole() || item.maker >= most_makers || item.sequence >= notes_->put[item.maker] + batch_) {
      ++notes_->invented;
      return;
    }
    const bool before = notes_->is_taken[item.maker][item.sequence].exchange(true);
    if (deliveries > 1) {
      ++notes_->again;
    } else {
      if (before) ++notes_->doubled;
      if (item.sequence < next_of_[item.maker]) ++notes_->disordered;
      next_of_[item.maker] = item.sequence + 1;
    }
    if (!before) ++notes_->taken;
  }

 private:
  shared<ledger> notes_;
  std::size_t batch_;
  std::array<std::uint64_t, most_makers> next_of_{};
};

constexpr queue_options small_queue{.maxsize = 50, .max_bytes = std::size_t{16} << 20};

/// One at a time, from a few bytes to more than a queue keeps memory for.
struct single_items {
  using item = proven_item;
  static constexpr std::size_t batch = 1;
  static constexpr std::size_t most_lost = 1;  // with each killed consumer
  static constexpr queue_options options = small_queue;

  static proven_item make(std::uint32_t maker, std::uint64_t sequence) {
    const std::uint64_t random = mixed(maker + sequence * most_makers);
    const std::uint64_t size = random >> 32U;
    if (random % 512 == 0) return proven_item::make(maker, sequence, 4'600'000);
    if (random % 32 == 1) return proven_item::make(maker, sequence, size % 400'000);
    return proven_item::make(maker, sequence, size % (random % 4 == 2 ? 5'000 : 64));
  }
  static void put(queue<item>& out, std::uint32_t maker, std::uint64_t first) { out.put(make(maker, first)); }
  static void take(queue<item>& in, taker& mine) { mine.note(in.get()); }
};

/// The same, on leases: what a killed consumer held comes again.
struct leased_items : single_items {
  static constexpr std::size_t most_lost = 0;
  static constexpr queue_options options{.maxsize = 50, .max_bytes = std::size_t{16} << 20, .leases = true};

  static void take(queue<item>& in, taker& mine) {
    auto held = in.lease();
    mine.note(*held, held.deliveries());
    held.done();
  }
};

/// Many small ones at once.
struct batches {
  using item = proven_word;
  static constexpr std::size_t batch = 16;
  static constexpr std::size_t most_lost = batch;
  static constexpr queue_options options = small_queue;

  static void put(queue<item>& out, std::uint32_t maker, std::uint64_t first) {
    std::array<item, batch> items;
    for (std::size_t i = 0; i < batch; ++i) items[i] = item::make(maker, first + i);
    out.put_many(items);
  }
  static void take(queue<item>& in, taker& mine) {
    for (const item& one : in.get_many(batch)) mine.note(one);
  }
};

/// Whoever is told of lost items, counts them.
template <class Item>
void note_losses(queue<Item>& items, const shared<ledger>& notes) {
  items.on_lost([notes](const lost_items& lost) { notes->reported += lost.count; });
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

template <class Traffic>
int consume(queue<typename Traffic::item> in, shared<ledger> notes, std::size_t place) {
  note_losses(in, notes);
  for (taker mine{notes, Traffic::batch};;) {
    Traffic::take(in, mine);
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
void wait_for_progress(const ledger& notes) {
  std::array<std::uint64_t, places> before{};
  for (std::size_t place = 0; place < places; ++place) before[place] = notes.moves[place];
  for (std::size_t place = 0; place < places; ++place)
    while (notes.moves[place] == before[place]) std::this_thread::yield();
}

struct tally {
  std::uint64_t taken = 0;
  std::uint64_t again = 0;
  std::uint64_t lost = 0;
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
  storm.all_go_on();
  wait_for_progress(*notes);
  storm.kill_all();

  taker survivor{notes, Traffic::batch};
  while (!try_wait({items}).empty()) Traffic::take(items, survivor);  // wait() looks for the dead, too
  std::uint64_t lost = 0;
  for (std::uint32_t maker = 0; maker < makers; ++maker) lost += lost_of(*notes, maker, Traffic::batch);
  REQUIRE(notes->invented == 0);
  REQUIRE(notes->doubled == 0);
  REQUIRE(notes->disordered == 0);
  REQUIRE(lost <= killed_consumers * Traffic::most_lost);  // each had at most one `get` that it did not note
  REQUIRE(lost <= notes->reported);
  REQUIRE(notes->reported <= 2 * killed_consumers * Traffic::most_lost);  // twice if who reported was killed at it
  total.taken += notes->taken;
  total.again += notes->again;
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
    queue<typename Traffic::item> items{Traffic::options};
    tally total;
    while (!storm.is_over()) weather_a_round<Traffic>(storm, items, total);
    stopped.go_on_and_end();
    storm.report(std::to_string(total.taken) + " items moved, 0 doubled, " + std::to_string(total.again)
                 + " delivered again, " + std::to_string(total.lost) + " lost with the "
                 + std::to_string(total.killed_consumers) + " killed consumers");
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

TEST_CASE("in a storm of kills and stops a queue with leases loses nothing", "[storm]") {
  weather_a_storm<leased_items>("queue storm, leases");
}

TEST_CASE("in a storm of kills and stops batches of small items are put and taken once, and from the first on",
          "[storm]") {
  weather_a_storm<batches>("queue storm, batches");
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
