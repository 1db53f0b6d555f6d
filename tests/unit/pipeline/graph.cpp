#include "troupe/pipeline/graph.hpp"
#include "support/catch.hpp"
#include "troupe/base/error.hpp"

using namespace troupe;
using pipeline::graph;
using pipeline::group;
using pipeline::step_info;

namespace {

graph of_steps(std::vector<step_info> steps) {
  return {.source = "files", .source_yields = "string", .steps = std::move(steps), .fold = "merge", .result = "index"};
}

std::string refusal(const graph& shape) {
  try {
    shape.check();
  } catch (const error& e) {
    CHECK(e.code() == errc::invalid_argument);
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("neighbouring steps of one placement and width share their workers") {
  const auto groups = of_steps({{.name = "a", .width = 4, .own_process = true},
                                {.name = "b", .width = 4, .own_process = true},
                                {.name = "c", .width = 2, .own_process = true},
                                {.name = "d", .width = 2},
                                {.name = "e", .width = 2}})
                          .groups();
  REQUIRE(groups.size() == 3);
  CHECK((groups[0].first == 0 && groups[0].last == 2 && groups[0].width == 4 && groups[0].own_process));
  CHECK((groups[1].first == 2 && groups[1].last == 3 && groups[1].width == 2 && groups[1].own_process));
  CHECK((groups[2].first == 3 && groups[2].last == 5 && groups[2].width == 2 && !groups[2].own_process));
}

TEST_CASE("fused steps take the largest of their retries and windows") {
  const auto groups =
      of_steps({{.name = "a", .retries = 1, .window = 20}, {.name = "b", .retries = 5, .window = 3}}).groups();
  CHECK(groups == std::vector<group>{{.first = 0, .last = 2, .width = 1, .retries = 5, .window = 20}});
}

TEST_CASE("a pipeline without steps has no groups and still lets an item through") {
  CHECK(of_steps({}).groups().empty());
  CHECK(of_steps({}).capacity() > 0);
  CHECK(refusal(of_steps({})) == "accepted");
}

TEST_CASE("names must be there and differ") {
  CHECK(refusal(of_steps({{.name = "parse"}, {.name = "count"}})) == "accepted");
  CHECK(refusal(of_steps({{.name = ""}})) == "a step of the pipeline has an empty name");
  CHECK(refusal(of_steps({{.name = "parse"}, {.name = "parse"}})) == "two parts of the pipeline have the name 'parse'");
  CHECK(refusal(of_steps({{.name = "files"}})) == "two parts of the pipeline have the name 'files'");
  CHECK(refusal(of_steps({{.name = "merge"}})) == "two parts of the pipeline have the name 'merge'");
}

TEST_CASE("a step has workers, and each is given items") {
  CHECK(refusal(of_steps({{.name = "parse", .width = 0}}))
        == "step 'parse' has a width of 0: it needs at least one worker");
  CHECK(refusal(of_steps({{.name = "parse", .window = 0}}))
        == "step 'parse' has a window of 0: a worker must be given at least one item");
  CHECK(refusal(of_steps({{.name = "parse", .width = 1000, .window = 1000}})).starts_with("the pipeline is too wide"));
  CHECK(refusal(of_steps({{.name = "parse", .window = SIZE_MAX}}))
            .starts_with("step 'parse' has a width or a window above"));
}

TEST_CASE("the graph of a pipeline shows its parts, who carries them out, and what passes between them") {
  CHECK(of_steps({{.name = "parse", .yields = "words", .width = 4, .own_process = true},
                  {.name = "count", .yields = "counts", .width = 4, .own_process = true},
                  {.name = "say \"hi\"", .yields = "counts", .window = 1}})
            .dot()
        == R"(digraph pipeline {
  rankdir=LR;
  node [shape=box, style=rounded];
  "files" [shape=cds];
  subgraph cluster_0 {
    label="4 processes, window 8, 2 retries";
    "parse";
    "count";
  }
  subgraph cluster_1 {
    label="1 actor here, window 1";
    "say \"hi\"";
  }
  "merge" [shape=house, orientation=270, tooltip="index"];
  "files" -> "parse" [label="string"];
  "parse" -> "count" [label="words"];
  "count" -> "say \"hi\"" [label="counts"];
  "say \"hi\"" -> "merge" [label="counts"];
}
)");
}
