// Ten producers and ten consumers share a queue of three places.
#include <chrono>
#include <ctime>
#include <iostream>
#include <string>
#include <troupe/troupe.hpp>
#include <unistd.h>
#include <vector>

std::string now() {
  const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::string text = std::ctime(&time);
  text.pop_back();
  return text;
}

void produce(troupe::queue<std::string> q) { q.put(std::to_string(getpid()) + " (put): " + now()); }

/// One string and a flush make one write, so the lines of several processes stay whole.
void consume(troupe::queue<std::string> q) {
  std::cout << q.get() + "  " + std::to_string(getpid()) + " (get)\n" << std::flush;
}

int main() {
  troupe::system system;

  troupe::queue<std::string> q{3};
  std::vector<troupe::process> producers;
  std::vector<troupe::process> consumers;
  for (int i = 0; i < 10; ++i) {
    producers.emplace_back(produce, q).start();
    consumers.emplace_back(consume, q).start();
  }
  for (troupe::process& producer : producers) producer.join();
  q.close();
  for (troupe::process& consumer : consumers) consumer.join();
  std::cout << "all have ended\n";
}
