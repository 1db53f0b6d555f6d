#include "troupe/process/child.hpp"

#include "troupe/base/error.hpp"
#include "troupe/memory/region.hpp"
#include "troupe/process/entry_point.hpp"
#include "troupe/process/membership.hpp"
#include "troupe/wire/archive.hpp"

#include <cstdio>
#include <iostream>
#include <string>

namespace troupe::tree {

namespace {

int run_body(newborn& child) {
  const auto memory = memory::region::attach(std::move(child.body));
  if (child.body_size > memory.size()) throw error{errc::malformed, "a start request is larger than its memory"};
  wire::incoming_handles handles{std::move(child.handles)};
  wire::load_archive from{{memory.data(), child.body_size}, &handles};
  code_ref entry;
  from >> entry;
  return entry_point::find(entry)(from);
}

void print_escaped(const membership& place) {
  // One call, so that the line stays whole beside other processes' output.
  const std::string line = "Process " + std::string{text_of(place.table().at(place.self()).name)} + ": "
                           + current_exception_type() + ": " + current_exception_text() + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

int run_child(process_table table, newborn child) {
  membership place{std::move(table), child.id, std::move(child.fork_server)};
  int code = 1;
  try {
    code = run_body(child);
  } catch (...) {
    print_escaped(place);
  }
  place.leave();
  std::cout.flush();
  std::fflush(nullptr);
  return code;
}

}  // namespace troupe::tree
