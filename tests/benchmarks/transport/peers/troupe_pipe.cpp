// troupe's pipe, through its public interface alone.
#include "../pipe_measure.hpp"
#include "peers.hpp"

#include "troupe/process/process.hpp"
#include "troupe/transport/pipe.hpp"

#include <utility>

namespace bench {
namespace {

class troupe_end {
 public:
  explicit troupe_end(troupe::connection connection) : connection_{std::move(connection)} {}

  void send(std::span<const std::byte> bytes) { connection_.send_bytes(bytes); }
  void recv(std::span<std::byte> bytes) {
    for (std::size_t got = 0; got != bytes.size();) got = connection_.recv_bytes_into(bytes);
  }
  void send(const record& r) { connection_.send(r); }
  [[nodiscard]] record recv_record() { return connection_.recv<record>(); }

 private:
  troupe::connection connection_;
};

int run_side(troupe::connection connection, pipe_job job, int side) {
  return guarded([&] {
    participant me{side, side, job.where};
    troupe_end end{std::move(connection)};
    take_part(end, side, job, me);
  });
}

double measure(const pipe_job& job) {
  auto [client, server] = troupe::pipe();
  crew both{2};
  both.start(troupe::process{run_side, std::move(server), job, 1});
  both.start(troupe::process{run_side, std::move(client), job, 0});
  both.finish();
  return figure_of(job, both);
}

}  // namespace

void add_troupe_pipe(catalogue& all) {
  for (const pipe_column& what : pipe_columns())
    all.add(what.table, what.column, "troupe", [&what](const conditions& c) { return measure(job_for(what, c)); });
}

}  // namespace bench
