#include "pipe_job.hpp"

#include "payload.hpp"

namespace bench {

const std::vector<pipe_column>& pipe_columns() {
  static const std::vector<pipe_column> all{
      {"pipe_round_trip", "8", pipe_kind::round_trip, 8},
      {"pipe_round_trip", "64", pipe_kind::round_trip, 64},
      {"pipe_round_trip", "256", pipe_kind::round_trip, 256},
      {"pipe_round_trip", "1024", pipe_kind::round_trip, 1024},
      {"pipe_round_trip", "4096", pipe_kind::round_trip, 4096},
      {"pipe_one_way", "64", pipe_kind::one_way, 64},
      {"pipe_one_way", "struct", pipe_kind::records, record_size},
      {"pipe_bulk", "64K", pipe_kind::one_way, 65536},
      {"pipe_bulk", "1M", pipe_kind::one_way, 1048576},
      {"pipe_sleeping", "idle", pipe_kind::idle, 64},
      {"pipe_sleeping", "one_core", pipe_kind::round_trip, 64, true},
      {"pipe_sleeping", "cpu", pipe_kind::waiting, 64},
  };
  return all;
}

double figure_of(const pipe_job& job, const crew& both) {
  const auto scores = both.scores();
  const score& client = scores[0];
  const score& server = scores[1];
  const auto took = static_cast<double>(server.end - client.begin);
  switch (job.kind) {
  case pipe_kind::round_trip:
    return static_cast<double>(client.end - client.begin) / static_cast<double>(client.messages) / 1e3;
  case pipe_kind::idle: return static_cast<double>(client.round_trip) / 1e3;
  case pipe_kind::waiting:
    return 100 * static_cast<double>(server.cpu) / static_cast<double>(server.end - server.begin);
  case pipe_kind::one_way:
    if (job.size >= 65536) return static_cast<double>(server.messages * job.size) / took;
    break;
  case pipe_kind::records: break;
  }
  return static_cast<double>(server.messages) / took * 1e3;
}

}  // namespace bench
