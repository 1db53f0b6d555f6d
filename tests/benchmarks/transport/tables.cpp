#include "tables.hpp"

namespace bench {

const std::vector<table>& tables() {
  static const std::vector<table> all{
      {"pipe_round_trip",
       "Pipe: round trip, busy",
       "raw flag ping-pong",
       {{"8", "8 B", "us"},
        {"64", "64 B", "us"},
        {"256", "256 B", "us"},
        {"1024", "1 KiB", "us"},
        {"4096", "4 KiB", "us"}}},
      {"pipe_one_way",
       "Pipe: one way, small messages",
       "SPSC byte ring",
       {{"64", "64 B", "M msg/s"}, {"struct", "small struct", "M msg/s"}}},
      {"pipe_bulk",
       "Pipe: one way, large messages",
       "memcpy on one core",
       {{"64K", "64 KiB", "GB/s"}, {"1M", "1 MiB", "GB/s"}}},
      {"pipe_sleeping",
       "Pipe: sleeping, 64 B",
       "pipe(2)",
       {{"idle", "round trip, idle", "us"},
        {"one_core", "round trip, one core", "us"},
        {"cpu", "CPU of a waiter", "%", false}}},
      {"queue",
       "Queue: 64 B",
       "Vyukov slots, spinning",
       {{"1P1C", "1P1C", "M msg/s"},
        {"2P1C", "2P1C", "M msg/s"},
        {"1P2C", "1P2C", "M msg/s"},
        {"2P2C", "2P2C", "M msg/s"},
        {"4P4C", "4P4C", "M msg/s"}}},
  };
  return all;
}

}  // namespace bench
