#include "troupe/pipeline/graph.hpp"

#include "troupe/base/error.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace troupe::pipeline {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw error{errc::invalid_argument, text}; }

/// A string of the DOT language.
std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    letter == '\n' ? result += "\\n" : result += letter;
  }
  return result + '"';
}

std::string count_of(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + ' ' + std::string{count == 1 ? one : many};
}

std::string label_of(const group& workers) {
  std::string text = describe_workers(workers) + ", window " + std::to_string(workers.window);
  if (workers.own_process) text += ", " + count_of(workers.retries, "retry", "retries");
  return text;
}

std::string edge(const std::string& from, const std::string& to, const std::string& type) {
  return "  " + in_quotes(from) + " -> " + in_quotes(to) + " [label=" + in_quotes(type) + "];\n";
}

void check_size(const step_info& step) {
  if (step.width == 0) refuse("step '" + step.name + "' has a width of 0: it needs at least one worker");
  if (step.window == 0) refuse("step '" + step.name + "' has a window of 0: a worker must be given at least one item");
  if (step.width > graph::most_items || step.window > graph::most_items)
    refuse("step '" + step.name + "' has a width or a window above " + std::to_string(graph::most_items));
}

}  // namespace

std::string describe_workers(const group& workers) {
  return workers.own_process ? count_of(workers.width, "process", "processes")
                             : count_of(workers.width, "actor here", "actors here");
}

void graph::check() const {
  std::set<std::string_view> names;
  const auto check_name = [&](std::string_view kind, const std::string& name) {
    if (name.empty()) refuse("a " + std::string{kind} + " of the pipeline has an empty name");
    if (!names.insert(name).second) refuse("two parts of the pipeline have the name '" + name + "'");
  };
  check_name("source", source);
  for (const step_info& step : steps) {
    check_name("step", step.name);
    check_size(step);
  }
  check_name("fold", fold);
  if (capacity() > most_items)
    refuse("the pipeline is too wide: twice the sum of all widths times windows is above "
           + std::to_string(most_items));
}

std::vector<group> graph::groups() const {
  std::vector<group> fused;
  for (std::size_t at = 0; at < steps.size(); ++at) {
    const step_info& step = steps[at];
    if (fused.empty() || fused.back().own_process != step.own_process || fused.back().width != step.width)
      fused.push_back({.first = at, .last = at, .width = step.width, .own_process = step.own_process});
    group& joined = fused.back();
    joined.last = at + 1;
    joined.retries = std::max(joined.retries, step.retries);
    joined.window = std::max(joined.window, step.window);
  }
  return fused;
}

std::size_t graph::capacity() const {
  std::size_t sum = 1;
  for (const group& one : groups()) sum += 2 * one.capacity();
  return sum;
}

std::string graph::dot() const {
  std::string text = "digraph pipeline {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  text += "  " + in_quotes(source) + " [shape=cds];\n";
  std::size_t number = 0;
  for (const group& workers : groups()) {
    text += "  subgraph cluster_" + std::to_string(number++) + " {\n    label=" + in_quotes(label_of(workers)) + ";\n";
    for (std::size_t at = workers.first; at < workers.last; ++at) text += "    " + in_quotes(steps[at].name) + ";\n";
    text += "  }\n";
  }
  text += "  " + in_quotes(fold) + " [shape=house, orientation=270, tooltip=" + in_quotes(result) + "];\n";

  const std::string* from = &source;
  const std::string* type = &source_yields;
  for (const step_info& step : steps) {
    text += edge(*from, step.name, *type);
    from = &step.name;
    type = &step.yields;
  }
  return text + edge(*from, fold, *type) + "}\n";
}

}  // namespace troupe::pipeline
