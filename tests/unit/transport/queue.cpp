#include "troupe/queue.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

#include <numeric>
#include <sys/stat.h>
#include <thread>

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

TEST_CASE("a queue gives items back in the order they were put") {
  queue<int> q;
  for (int i = 0; i < 1000; ++i) q.put(i);
  CHECK(q.size() == 1000);
  for (int i = 0; i < 1000; ++i) CHECK(q.get() == i);
  CHECK(q.empty());
}

TEST_CASE("a full and an empty queue are told apart from errors") {
  queue<std::string> q{2};
  CHECK(q.maxsize() == 2);
  CHECK_FALSE(q.try_get());
  CHECK_FALSE(q.try_get_for(1ms));
  q.put("a");
  CHECK_FALSE(q.full());
  CHECK(q.try_put("b"));
  CHECK(q.full());
  CHECK_FALSE(q.try_put("c"));
  CHECK_FALSE(q.try_put_for("c", 1ms));
  CHECK(q.get() == "a");
  CHECK(q.try_put_for("c", 1ms));
  CHECK(q.get() == "b");
  CHECK(q.get() == "c");
}

TEST_CASE("later changes of an object that was put are not seen") {
  queue<std::string> q;
  std::string text = "before";
  q.put(text);
  text = "after";
  CHECK(q.get() == "before");
}

TEST_CASE("a backlog far beyond the first window keeps order and content, and its memory is given back") {
  queue<std::string> q;
  const auto item = [](std::size_t i) { return std::string(i % 3000, static_cast<char>('a' + i % 26)); };
  for (std::size_t i = 0; i < 20'000; ++i) {
    q.put(item(i));
    if (i % 3 == 0) REQUIRE(q.get() == item(i / 3));  // so that the frames wrap around while the ring grows
  }
  for (std::size_t i = 20'000 / 3 + 1; i < 20'000; ++i) REQUIRE(q.get() == item(i));
  CHECK(q.empty());
  CHECK_FALSE(q.try_get());
}

TEST_CASE("items of any size pass, empty ones too") {
  queue<std::string> q;
  for (const std::size_t size : {0UL, 1UL, 7UL, 8UL, 9UL, 262'143UL, 262'144UL, 300'000UL, 50'000'000UL}) {
    q.put(std::string(size, 'x'));
    CHECK(q.get().size() == size);
  }
}

TEST_CASE("an item larger than the queue can ever hold is refused") {
  queue<std::string> q{queue_options{.max_bytes = 1 << 20}};
  CHECK(error_of([&] { q.put(std::string(2 << 20, 'x')); }) == errc::message_too_large);
  q.put("still working");
  CHECK(q.get() == "still working");
}

TEST_CASE("a backlog of bytes is bounded") {
  queue<std::string> q{queue_options{.max_bytes = 1 << 20}};
  int count = 0;
  while (q.try_put(std::string(10'000, 'x'))) ++count;
  CHECK(count > 50);
  CHECK(count < 110);
  CHECK(q.full() == false);  // a small item still fits
  while (q.try_get()) --count;
  CHECK(count == 0);
}

TEST_CASE("shutdown lets what is left be taken and then ends the stream") {
  queue<int> q;
  q.put(1);
  q.put(2);
  q.shutdown();
  CHECK(error_of([&] { q.put(3); }) == errc::closed);
  std::vector<int> left;
  for (int& item : q) left.push_back(item);
  CHECK(left == std::vector{1, 2});
  CHECK(error_of([&] { (void)q.get(); }) == errc::end_of_stream);
  CHECK(error_of([&] { (void)q.try_get(); }) == errc::end_of_stream);
}

TEST_CASE("shutdown can drop what is left") {
  queue<int> q;
  q.put(1);
  q.shutdown(true);
  CHECK(error_of([&] { (void)q.get(); }) == errc::end_of_stream);
}

TEST_CASE("shutdown wakes blocked producers and consumers") {
  queue<int> empty;
  queue<int> full{1};
  full.put(0);
  errc consumers{};
  errc producers{};
  std::thread consumer{[&] { consumers = error_of([&] { (void)empty.get(); }); }};
  std::thread producer{[&] { producers = error_of([&] { full.put(1); }); }};
  empty.shutdown();
  full.shutdown();
  consumer.join();
  producer.join();
  CHECK(consumers == errc::end_of_stream);
  CHECK(producers == errc::closed);
}

TEST_CASE("closing a handle leaves the others working") {
  queue<int> q;
  queue<int> other = q;
  q.close();
  CHECK(error_of([&] { q.put(1); }) == errc::closed);
  CHECK(error_of([&] { (void)q.size(); }) == errc::closed);
  other.put(1);
  CHECK(other.get() == 1);
}

TEST_CASE("several producers and consumers in threads lose nothing and double nothing") {
  constexpr int producers = 4;
  constexpr int each = 5'000;
  queue<int> q{64};
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p)
    threads.emplace_back([&q, p] {
      for (int i = 0; i < each; ++i) q.put(p * each + i);
    });
  std::vector<std::vector<int>> taken(3);
  std::vector<std::thread> consumers;
  for (auto& mine : taken)
    consumers.emplace_back([&q, &mine] {
      for (int& item : q) mine.push_back(item);
    });
  for (auto& t : threads) t.join();
  q.shutdown();
  for (auto& t : consumers) t.join();
  std::vector<int> all;
  for (const auto& mine : taken) {
    // what one consumer took of one producer is in the order it was put
    for (int p = 0; p < producers; ++p) {
      std::vector<int> of_p;
      for (const int x : mine)
        if (x / each == p) of_p.push_back(x);
      CHECK(std::is_sorted(of_p.begin(), of_p.end()));
    }
    all.insert(all.end(), mine.begin(), mine.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<int> expected(producers * each);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(all == expected);
}

TEST_CASE("many items are put and taken at once, in order") {
  queue<std::string> q;
  std::vector<std::string> items;
  for (int i = 0; i < 1000; ++i)
    items.push_back(std::string(static_cast<std::size_t>(i % 700), 'x') + std::to_string(i));
  q.put_many(items);
  CHECK(q.size() == 1000);
  auto taken = q.get_many(300);
  CHECK(taken.size() == 300);
  for (std::string& item : q.get_many(5000)) taken.push_back(std::move(item));
  CHECK(taken == items);
  CHECK(q.try_get_many(1).empty());
  CHECK(q.try_get_many_for(1, 1ms).empty());
  q.put_many(std::vector<std::string>{});
  CHECK(q.empty());
}

TEST_CASE("only as many items are put at once as there is room for") {
  queue<int> q{5};
  const std::vector items{0, 1, 2, 3, 4, 5, 6, 7};
  CHECK(q.try_put_many(items) == 5);
  CHECK(q.try_put_many_for(items, 1ms) == 0);
  CHECK(q.get_many(8) == std::vector{0, 1, 2, 3, 4});
}

TEST_CASE("many items at once pass through a small queue, some at a time") {
  queue<int> q{7};
  std::vector<int> items(10'000);
  std::iota(items.begin(), items.end(), 0);
  std::thread producer{[&] { q.put_many(items); }};
  std::vector<int> taken;
  while (taken.size() < items.size())
    for (const int item : q.get_many(5)) taken.push_back(item);
  producer.join();
  CHECK(taken == items);
}

TEST_CASE("a batch larger than the window makes the queue grow") {
  queue<std::vector<int>> q;
  const std::vector<std::vector<int>> items(40, std::vector<int>(10'000, 7));
  q.put_many(items);
  CHECK(q.get_many(100) == items);
}
