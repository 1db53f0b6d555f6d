#include "chaos.hpp"

namespace word_index {

chaos::chaos(std::optional<std::chrono::milliseconds> period) : period_{period} {}

void chaos::strike(const troupe::progress& now) {
  if (!period_ || now.workers.empty() || now.elapsed - last_ < *period_ || now.finished == finished_then_) return;
  last_ = now.elapsed;
  finished_then_ = now.finished;
  std::uniform_int_distribution<std::size_t> any{0, now.workers.size() - 1};
  now.workers[any(dice_)].kill();
}

}  // namespace word_index
