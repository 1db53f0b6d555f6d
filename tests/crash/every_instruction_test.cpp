// The test of the tool: it stops between any two instructions, and tells when what it sees is wrong.
#include "support/catch.hpp"
#include "support/kill_at_every_instruction.hpp"
#include "troupe/memory/region.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace troupe::test;

namespace {

/// Two numbers in shared memory.
class pair_of_numbers {
 public:
  [[nodiscard]] static pair_of_numbers make() {
    pair_of_numbers made;
    made.memory_ = std::make_shared<troupe::memory::region>(troupe::memory::region::create("numbers", size, size));
    return made;
  }
  [[nodiscard]] std::atomic_ref<int> first() const { return std::atomic_ref{numbers()[0]}; }
  [[nodiscard]] std::atomic_ref<int> second() const { return std::atomic_ref{numbers()[1]}; }

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    if constexpr (Archive::is_saving::value)
      archive.save_handle(memory_->fd());
    else
      memory_ = std::make_shared<troupe::memory::region>(troupe::memory::region::attach(archive.load_handle()));
  }

 private:
  static constexpr std::size_t size = 4096;
  [[nodiscard]] std::array<int, 2>& numbers() const { return *reinterpret_cast<std::array<int, 2>*>(memory_->data()); }

  std::shared_ptr<troupe::memory::region> memory_;
};

}  // namespace

TEST_CASE("every state that a process leaves between two stores is seen", "[every_instruction]") {
  using state = std::pair<int, int>;
  std::set<state> seen;
  const bool followed = kill_at_every_instruction({.operation = "two stores"}, [&seen](victim& victim) {
    const auto numbers = pair_of_numbers::make();
    victim.run(
        [](marks marks, const pair_of_numbers& shared) {
          marks.around([&] {
            shared.first() = 1;
            shared.second() = 1;
          });
        },
        numbers);
    seen.emplace(numbers.first(), numbers.second());
    return numbers.second() == 1 ? outcome::done : outcome::not_yet;
  });
  if (followed) CHECK(seen == std::set<state>{{0, 0}, {1, 0}, {1, 1}});
}

TEST_CASE("what happened at one instruction and unhappens at a later one fails the test",
          "[every_instruction][!shouldfail]") {
  const bool followed = kill_at_every_instruction({.operation = "a store taken back"}, [](victim& victim) {
    const auto numbers = pair_of_numbers::make();
    victim.run(
        [](marks marks, const pair_of_numbers& shared) {
          marks.around([&] {
            for (const int value : {1, 0, 1}) shared.first() = value;
          });
        },
        numbers);
    return numbers.first() == 1 ? outcome::done : outcome::not_yet;
  });
  if (!followed) FAIL("nothing to see without tracing");
}

TEST_CASE("a survivor that keeps a descriptor of each run fails the test", "[every_instruction][!shouldfail]") {
  std::vector<troupe::unique_fd> kept;
  const bool followed = kill_at_every_instruction({.operation = "nothing"}, [&kept](victim& victim) {
    kept.emplace_back(::dup(STDERR_FILENO));
    victim.run([](marks marks) { marks.around([] {}); });
    return outcome::unknown;
  });
  if (!followed) FAIL("nothing to see without tracing");
}
