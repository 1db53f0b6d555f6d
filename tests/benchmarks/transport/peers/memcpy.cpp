// What one core copies: the limit for large messages.
#include "../clock.hpp"
#include "../participant.hpp"
#include "../payload.hpp"
#include "../pipe_job.hpp"
#include "peers.hpp"

#include <cstring>
#include <vector>

namespace bench {
namespace {

// Makes the compiler believe that this memory is read and written here.
void touch(void* memory) { asm volatile("" : : "g"(memory) : "memory"); }

double measure(const pipe_job& job) {
  crew one{1};
  one.fork([&] {
    participant me{0, 0, job.where};
    std::vector<std::byte> from(job.size);
    std::vector<std::byte> to(job.size);
    fill(from, 1);
    me.meet();
    me.mine().messages = run_for(job.seconds, stride_for(job.size), [&] {
      touch(from.data());
      std::memcpy(to.data(), from.data(), from.size());
      touch(to.data());
    });
    me.stop();
    me.leave();
  });
  one.finish();
  const score& mine = one.scores()[0];
  return static_cast<double>(mine.messages * job.size) / static_cast<double>(mine.end - mine.begin);
}

}  // namespace

void add_memcpy(catalogue& all) {
  for (const pipe_column& what : pipe_columns())
    if (what.table == "pipe_bulk")
      all.add(what.table, what.column, "memcpy on one core",
              [&what](const conditions& c) { return measure(job_for(what, c)); });
}

}  // namespace bench
