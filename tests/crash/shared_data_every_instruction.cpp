// Shared data whose users are killed at any instruction.
#include "support/catch.hpp"
#include "support/kill_at_every_instruction.hpp"
#include "surviving_queue.hpp"
#include "troupe/array.hpp"
#include "troupe/memory/data_lock.hpp"
#include "troupe/process.hpp"
#include "troupe/shareable_list.hpp"
#include "troupe/shared_memory.hpp"
#include "troupe/value.hpp"

#include <array>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

using block = std::array<int, 16>;

block all(int number) {
  block made{};
  made.fill(number);
  return made;
}

/// Takes the lock, which nobody alive has, and gives it back; says whether its last holder died within it.
template <class Data>
bool was_abandoned(Data& data) {
  REQUIRE(data.try_lock_for(soon));
  const bool abandoned = data.abandoned();
  data.mend();
  data.unlock();
  return abandoned;
}

}  // namespace

TEST_CASE("a store of a value killed at any instruction has happened or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "store of a large value"}, [](victim& victim) {
    value<block> v{all(1)};
    victim.run(
        [](marks marks, value<block> theirs) {
          theirs.store(all(2));
          const block three = all(3);
          marks.around([&] { theirs.store(three); });
        },
        v);
    const block found = v.load();
    REQUIRE((found == all(2) || found == all(3)));
    REQUIRE_FALSE(was_abandoned(v));
    v.store(all(4));
    REQUIRE(v.load() == all(4));
    return as_outcome(found == all(3));
  });
}

TEST_CASE("a fetch_add killed at any instruction has happened or not", "[every_instruction]") {
  kill_at_every_instruction({.operation = "fetch_add"}, [](victim& victim) {
    value<int> v;
    victim.run(
        [](marks marks, value<int> theirs) {
          theirs.fetch_add(1);
          marks.around([&] { theirs.fetch_add(1); });
        },
        v);
    const int found = v.fetch_add(10);
    REQUIRE((found == 1 || found == 2));
    return as_outcome(found == 2);
  });
}

TEST_CASE("an update under the lock killed at any instruction is whole, or the next holder is told",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "lock, change in place, unlock", .repeatable = false}, [](victim& victim) {
    value<block> v{all(1)};
    victim.run(
        [](marks marks, value<block> theirs) {
          const auto change = [&](int to) {
            const std::scoped_lock guard{theirs};
            for (int& n : theirs.get()) n = to;
          };
          change(2);
          marks.around([&] { change(3); });
        },
        v);
    const bool abandoned = was_abandoned(v);
    const block found = v.load();
    if (!abandoned) REQUIRE((found == all(2) || found == all(3)));
    REQUIRE_FALSE(was_abandoned(v));
    return outcome::unknown;
  });
}

TEST_CASE("an unlock by who does not hold the lock, killed at any instruction, keeps the next holder informed",
          "[every_instruction]") {
  const auto unlock = [](marks marks, shared_memory theirs) {
    auto& lock = *reinterpret_cast<memory::data_lock*>(theirs.bytes().data());
    (void)lock.begin_unlock();
    marks.around([&] { (void)lock.begin_unlock(); });
  };
  // Says whether it was abandoned.
  const auto take = [](memory::data_lock& lock) {
    REQUIRE(lock.lock_until(deadline::after(soon)));
    const bool abandoned = lock.abandoned();
    lock.mend();
    REQUIRE(lock.begin_unlock());
    lock.end_unlock();
    return abandoned;
  };
  const auto kill_them = [&](const char* operation, auto prepare, auto check) {
    kill_at_every_instruction({.operation = operation, .repeatable = false}, [&](victim& victim) {
      const auto bytes = shared_memory::create(sizeof(memory::data_lock));
      auto& lock = *new (bytes.bytes().data()) memory::data_lock;
      prepare(lock);
      victim.run(unlock, bytes);
      check(lock);
      REQUIRE_FALSE(take(lock));
      return outcome::unknown;
    });
  };
  SECTION("while nobody holds it") {
    kill_them("unlock of what nobody holds", [](auto&) {}, [](auto&) {});
  }
  SECTION("while another process holds it") {
    kill_them(
        "unlock of what another holds", [](auto& lock) { lock.lock(); },
        [](auto& lock) {
          std::thread{[&] { REQUIRE_FALSE(lock.try_lock()); }}.join();
          REQUIRE(lock.begin_unlock());
          lock.end_unlock();
        });
  }
  SECTION("after its holder died") {
    kill_them(
        "unlock of what a dead one held", [](auto& lock) { std::thread{[&] { lock.lock(); }}.join(); },
        [&](auto& lock) { REQUIRE(take(lock)); });
  }
}

TEST_CASE("an assignment to an array killed at any instruction is whole, or the next holder is told",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "assign", .repeatable = false}, [](victim& victim) {
    array<int> a(16);
    victim.run(
        [](marks marks, array<int> theirs) {
          theirs.assign(all(2));
          const block three = all(3);
          marks.around([&] { theirs.assign(three); });
        },
        a);
    const bool abandoned = was_abandoned(a);
    block found{};
    std::copy(a.begin(), a.end(), found.begin());
    if (!abandoned) REQUIRE((found == all(2) || found == all(3)));
    a.assign(all(4));
    return outcome::unknown;
  });
}

TEST_CASE("an item of a list set by a process that is killed at any instruction is the old or the new one",
          "[every_instruction]") {
  kill_at_every_instruction({.operation = "set of a string"}, [](victim& victim) {
    shareable_list list{"neighbour", std::string(40, '1'), "neighbour"};
    victim.run(
        [](marks marks, shareable_list theirs) {
          theirs.set(1, std::string(40, '2'));
          const any_value other{std::string(33, '3')};
          marks.around([&] { theirs.set(1, other); });
        },
        list);
    const auto items = list.items();
    const bool set = items[1] == std::string(33, '3');
    REQUIRE((set || items[1] == std::string(40, '2')));
    REQUIRE(items[0] == "neighbour");
    REQUIRE(items[2] == "neighbour");
    REQUIRE_FALSE(was_abandoned(list));
    list.set(1, 4);
    REQUIRE(list[1] == 4);
    return as_outcome(set);
  });
}

TEST_CASE("who creates named memory and is killed at any instruction leaves no name", "[every_instruction]") {
  const std::string name = "test-crash-" + std::to_string(::getpid());
  kill_at_every_instruction({.operation = "create of named memory", .repeatable = false, .kills = 150},
                            [&](victim& victim) {
                              victim.run(
                                  [](marks marks, std::string theirs) {
                                    (void)shared_memory::create(theirs, 100);
                                    marks.around([&] { (void)shared_memory::create(theirs, 100); });
                                  },
                                  name);
                              const auto memory = shared_memory::create(name, 10);
                              REQUIRE(shared_memory::open(name).size() == 10);
                              return outcome::unknown;
                            });
}

TEST_CASE("who opens named memory and is killed at any instruction takes nothing along", "[every_instruction]") {
  const std::string name = "test-crash-" + std::to_string(::getpid());
  kill_at_every_instruction({.operation = "open of named memory", .repeatable = false, .kills = 150},
                            [&](victim& victim) {
                              const auto memory = shared_memory::create(name, 10);
                              victim.run(
                                  [](marks marks, std::string theirs) {
                                    (void)shared_memory::open(theirs);
                                    marks.around([&] { (void)shared_memory::open(theirs); });
                                  },
                                  name);
                              REQUIRE(shared_memory::open(name).size() == 10);
                              return outcome::unknown;
                            });
}
