#include "support/catch.hpp"
#include "troupe/pipeline/progress_line.hpp"
#include "troupe/pipeline/stage_stats.hpp"

#include <sstream>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("the table of stages has aligned columns") {
  std::ostringstream out;
  out << std::vector<stage_stats>{{.name = "files", .workers = "caller", .items = 12},
                                  {.name = "parse",
                                   .workers = "4 processes",
                                   .items = 1234567,
                                   .busy = 1500ms,
                                   .max_queue = 32,
                                   .retries = 7,
                                   .deaths = 2}};
  CHECK(out.str()
        == "stage    items  workers         busy  max queue  retries  deaths\n"
           "files       12  caller       0.000 s          0        0       0\n"
           "parse  1234567  4 processes  1.500 s         32        7       2\n");
}

TEST_CASE("deaths are summed over the stages") {
  CHECK(deaths({{.name = "a", .deaths = 2}, {.name = "b", .deaths = 3}}) == 5);
  CHECK(deaths({}) == 0);
}

TEST_CASE("the progress line says how much of what is known is finished, how fast, and what waits") {
  progress now{.elapsed = 2s, .pulled = 120, .finished = 100, .total = 400};
  now.steps = {{.name = "parse", .items = 110, .queue = 10}, {.name = "count", .items = 100, .queue = 0}};
  CHECK(pipeline::describe(now, "files") == "files 100/400  25 %  50/s  parse 10  count 0");
  now.total.reset();
  now.elapsed = 0s;
  CHECK(pipeline::describe(now, "lines") == "lines 100  parse 10  count 0");
}
