// Vyukov's bounded queue for many producers and consumers, in shared memory: each slot carries the number of the turn
// it is ready for. It spins, and a process killed between claiming a slot and handing it on stops all others for good.
#include "../queue_measure.hpp"
#include "../spin.hpp"
#include "peers.hpp"

#include <atomic>

namespace bench {
namespace {

struct slot {
  alignas(128) std::atomic<std::uint64_t> turn;  // n: free for put n; n + 1: filled for get n
  queue_item item;
};

struct slots {
  alignas(128) std::atomic<std::uint64_t> puts;  // claimed so far
  alignas(128) std::atomic<std::uint64_t> gets;  // claimed so far
  std::array<slot, queue_room> all;
};

class slot_access {
 public:
  explicit slot_access(slots& s) : slots_{s} {}

  void put(const queue_item& item) {
    slot& mine = claim(slots_.puts, 0);
    mine.item = item;
    mine.turn.store(turn_ + 1, std::memory_order_release);  // pairs with claim by get
  }
  void get(queue_item& item) {
    slot& mine = claim(slots_.gets, 1);
    item = mine.item;
    mine.turn.store(turn_ + queue_room, std::memory_order_release);  // pairs with claim by put
  }

 private:
  // Waits until the next slot is ready and is ours; `ahead` is how far its turn is beyond the number claimed.
  slot& claim(std::atomic<std::uint64_t>& counter, std::uint64_t ahead) {
    slot* mine = nullptr;
    turn_ = counter.load(std::memory_order_relaxed);  // a hint; the exchange below decides
    spin_until([&] {
      for (;;) {
        slot& next = slots_.all[turn_ % queue_room];
        const auto distance = static_cast<std::int64_t>(next.turn.load(std::memory_order_acquire) - (turn_ + ahead));
        if (distance == 0) {
          // relaxed: what is in the slot is ordered by its turn, not by the counter
          if (counter.compare_exchange_weak(turn_, turn_ + 1, std::memory_order_relaxed)) {
            mine = &next;
            return true;
          }
        } else {
          turn_ = counter.load(std::memory_order_relaxed);
          if (distance < 0) return false;  // full, or empty
        }
      }
    });
    return *mine;
  }

  slots& slots_;
  std::uint64_t turn_ = 0;
};

class slot_queue {
 public:
  slot_queue() {
    for (std::size_t i = 0; i < queue_room; ++i) slots_->all[i].turn = i;
  }
  [[nodiscard]] slot_access open() const { return slot_access{*slots_}; }

 private:
  shared<slots> slots_;
};

}  // namespace

void add_slot_queue(catalogue& all) { add_queue<slot_queue>(all, "Vyukov slots, spinning"); }

}  // namespace bench
