#include "troupe/pipeline/progress_line.hpp"

#include <array>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace troupe::pipeline {
namespace {

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// In one piece, so that no other output comes in between.
void write_terminal(const std::string& text) noexcept {
  static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
}

}  // namespace

std::string describe(const progress& now, const std::string& source) {
  std::string text = source + ' ' + std::to_string(now.finished);
  if (now.total) text += '/' + std::to_string(*now.total);
  if (now.total && *now.total > 0) text += "  " + std::to_string(100 * now.finished / *now.total) + " %";
  if (const double seconds = std::chrono::duration<double>{now.elapsed}.count(); seconds > 0)
    text += "  " + std::to_string(static_cast<std::uint64_t>(static_cast<double>(now.finished) / seconds)) + "/s";
  for (const progress::stage& step : now.steps) text += "  " + step.name + ' ' + std::to_string(step.queue);
  return text;
}

progress_line::progress_line(bool wanted, std::string source)
    : active_{wanted && ::isatty(STDERR_FILENO) != 0}
    , source_{std::move(source)} {}

void progress_line::show(const progress& now) {
  if (!active_) return;
  written_ = true;
  std::string line{'\r'};
  line.append(describe(now, source_), 0, terminal_width() - 1).append("\x1b[K");
  write_terminal(line);
}

void progress_line::wipe() noexcept {
  if (std::exchange(written_, false)) write_terminal("\r\x1b[K");
}

}  // namespace troupe::pipeline
