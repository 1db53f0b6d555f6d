#include "troupe/base/error.hpp"
#include "troupe/base/log.hpp"
#include "troupe/transport/queue_state.hpp"

#include <algorithm>
#include <exception>

/// Who took which items, and died with them.
namespace troupe::transport {

namespace {

/// Where this thread signs, in each queue that it took items from.
class signatures {
 public:
  struct entry {
    std::uint64_t view = 0;  // serial of the queue_state; none has 0
    std::weak_ptr<queue_state> queue;
    queue_claim* claim = nullptr;
  };

  queue_claim* find(std::uint64_t view) noexcept {
    if (last_.view == view) return last_.claim;
    for (const entry& e : entries_) {
      if (e.view == view) return (last_ = {view, e.claim}).claim;
    }
    return nullptr;
  }
  void add(entry fresh) {
    std::erase_if(entries_, [](const entry& e) { return e.queue.expired(); });
    last_ = {fresh.view, fresh.claim};
    entries_.push_back(std::move(fresh));
  }
  signatures() = default;
  signatures(const signatures&) = delete;
  signatures& operator=(const signatures&) = delete;
  ~signatures() {
    for (const entry& e : entries_)
      if (const auto queue = e.queue.lock()) queue->release(*e.claim);
  }

 private:
  struct {
    std::uint64_t view = 0;
    queue_claim* claim = nullptr;
  } last_;
  std::vector<entry> entries_;
};

thread_local signatures mine;

void log_loss(const lost_items& lost) {
  std::string line = "queue " + lost.queue;
  line += ": item " + std::to_string(lost.sequence);
  if (lost.count > 1) line += " and the " + std::to_string(lost.count - 1) + " behind it";
  line += " went with " + lost.consumer
          + ", which died before it came back for more; handle it with on_lost(), or make "
            "the queue with leases";
  log(log_level::error, line);
}

}  // namespace

void queue_claim::name_consumer(std::string_view text) noexcept {
  consumer.fill('\0');
  std::copy_n(text.begin(), std::min(text.size(), consumer.size() - 1), consumer.begin());
}

std::string queue_claim::consumer_name() const {
  const auto copy = consumer;
  std::string name{copy.begin(), std::find(copy.begin(), copy.end(), '\0')};
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  std::replace_if(name.begin(), name.end(), is_control, '?');
  return name.empty() ? "a process" : name;
}

std::uint64_t queue_state::next_serial() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

queue_claim* queue_state::come_back() noexcept {
  if (layout.lost_items != delivery::claimed || memory::owner::is_copy()) return nullptr;
  queue_claim* claim = mine.find(serial_);
  if (claim != nullptr) claim->count.store(0, std::memory_order_release);
  return claim;
}

void queue_state::sign(queue_claim* known, std::uint64_t first, std::uint64_t count) {
  // A program without a tree has nobody who could learn of its death, and a forked copy nothing to sign with.
  if (layout.lost_items != delivery::claimed || memory::owner::self() == memory::owner::alone
      || memory::owner::is_copy())
    return;
  queue_claim& claim = known != nullptr ? *known : new_claim();
  claim.first.store(first, std::memory_order_relaxed);
  claim.count.store(count, std::memory_order_release);
}

/// Called under `consumers`.
queue_claim& queue_state::new_claim() {
  const std::string name_of_this_process = memory::owner::describe(memory::owner::self());
  const std::uint32_t used = std::min(layout.claims_used.load(std::memory_order_relaxed), claim_count);
  std::uint32_t index = 0;
  while (index < used && claims[index].owner.load(std::memory_order_acquire) != 0) ++index;
  if (index == claim_count)
    throw error{errc::out_of_memory, "queue " + std::string{name()} + " has 1024 threads that take items from it, and "
                                         + "cannot keep account of more; make it with leases, or share a consumer"};
  queue_claim& claim = claims[index];
  if (index == used) {
    region.allocate(queue_page + index * sizeof(queue_claim), sizeof(queue_claim));
    layout.claims_used.store(index + 1, std::memory_order_release);
  }
  {
    const std::lock_guard guard{claims_lock_};
    claims_.push_back(&claim);
  }
  mine.add({serial_, weak_from_this(), &claim});
  claim.count.store(0, std::memory_order_relaxed);
  claim.name_consumer(name_of_this_process);
  claim.owner.store(memory::owner::self(), std::memory_order_release);
  return claim;
}

void queue_state::release(queue_claim& claim) noexcept {
  if (memory::owner::is_copy()) return;  // our parent's
  {
    const std::lock_guard guard{claims_lock_};
    std::erase(claims_, &claim);
  }
  claim.count.store(0, std::memory_order_relaxed);
  claim.owner.store(0, std::memory_order_release);
}

/// Called under `consumers`, taken over from a consumer that died: it may have signed for items that it did not take
/// after all.
void queue_state::forget_unfinished_claims() noexcept {
  const std::uint64_t passed = sequence_of(head(std::memory_order_relaxed));
  const std::uint32_t used = std::min(layout.claims_used.load(std::memory_order_relaxed), claim_count);
  for (queue_claim& claim : std::span{claims, used})
    if (claim.first.load(std::memory_order_relaxed) >= passed) claim.count.store(0, std::memory_order_relaxed);
}

void queue_state::find_the_dead(deadline limit) {
  const std::uint32_t now = memory::interrupt::sample();  // before the look: who dies later is found next time
  switch (layout.lost_items) {
  case delivery::unclaimed: break;
  case delivery::claimed: return report_claims_of_the_dead(now, limit);
  case delivery::leased:
    if (!take_leases_from_the_dead(limit)) return;
    break;
  }
  deaths_seen_.store(now, std::memory_order_relaxed);
}

void queue_state::report_claims_of_the_dead(std::uint32_t now, deadline limit) {
  std::vector<queue_claim*> found;
  {
    if (!lock_consumers(limit)) return;
    const std::lock_guard held{layout.consumers, std::adopt_lock};
    const std::uint32_t used = std::min(layout.claims_used.load(std::memory_order_relaxed), claim_count);
    for (queue_claim& claim : std::span{claims, used}) {
      const auto owner = claim.owner.load(std::memory_order_acquire);
      if (owner == 0 || owner == memory::owner::self() || !memory::owner::is_dead(owner)) continue;
      if (claim.count.load(std::memory_order_acquire) == 0) {
        claim.owner.store(0, std::memory_order_release);
        continue;
      }
      claim.owner.store(memory::owner::self(), std::memory_order_release);  // should we die now, somebody else reports
      found.push_back(&claim);
    }
  }
  deaths_seen_.store(now, std::memory_order_relaxed);  // before the handler, which may use this queue
  if (found.empty()) return;
  lost_handler handler;
  {
    const std::lock_guard guard{handlers};
    handler = on_lost ? on_lost : log_loss;
  }
  for (queue_claim* claim : found) {
    const lost_items lost{.queue = std::string{name()},
                          .sequence = claim->first.load(std::memory_order_relaxed),
                          .count = claim->count.load(std::memory_order_relaxed),
                          .consumer = claim->consumer_name()};
    // Free again whatever the handler does: it knows.
    struct at_end {
      queue_claim& claim;
      ~at_end() {
        claim.count.store(0, std::memory_order_relaxed);
        claim.owner.store(0, std::memory_order_release);
      }
    } const free_again{*claim};
    handler(lost);
  }
}

queue_state::~queue_state() {
  if (memory::owner::is_copy()) return;
  // An exception on its way out says that what was taken last was not dealt with: that stays signed for, and is
  // reported if this process dies of it.
  if (std::uncaught_exceptions() == 0) {
    for (queue_claim* claim : claims_) {
      claim->count.store(0, std::memory_order_relaxed);
      claim->owner.store(0, std::memory_order_release);
    }
  }
  if (layout.lost_items != delivery::claimed || memory::owner::self() == memory::owner::alone) return;
  try {
    look_for_deaths(deadline::now());
  } catch (...) {  // by the program's own handler, in a destructor: there is nobody to tell
  }
}

}  // namespace troupe::transport
