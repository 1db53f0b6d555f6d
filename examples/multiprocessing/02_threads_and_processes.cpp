// The same work in five threads and in five processes: threads share this process, processes are five others.
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <troupe/troupe.hpp>
#include <unistd.h>
#include <vector>

void work(const std::string& kind, int number, troupe::queue<int> pids) {
  // One piece of text, so that the line stays whole among the others.
  std::cout << kind + " " + std::to_string(number) + " runs in process " + std::to_string(getpid()) + "\n"
            << std::flush;
  pids.put(getpid());
}

std::set<int> all_of(troupe::queue<int>& pids) {
  std::set<int> different;
  while (const auto pid = pids.try_get()) different.insert(*pid);
  return different;
}

int main() {
  troupe::system system;
  troupe::queue<int> pids;

  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) threads.emplace_back(work, "thread", i, pids);
  for (std::thread& thread : threads) thread.join();
  const std::set<int> of_threads = all_of(pids);

  std::vector<troupe::process> processes;
  for (int i = 0; i < 5; ++i) processes.emplace_back(work, "process", i, pids).start();
  for (troupe::process& process : processes) process.join();
  const std::set<int> of_processes = all_of(pids);

  std::cout << std::boolalpha << "threads in this process: " << (of_threads == std::set{getpid()}) << '\n'
            << "processes of their own: " << of_processes.size()
            << ", this one among them: " << of_processes.contains(getpid()) << '\n';
}
