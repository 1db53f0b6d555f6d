#include "troupe/base/log.hpp"

#include "troupe/base/error.hpp"

#include <atomic>
#include <cctype>
#include <cstdio>
#include <memory>
#include <mutex>
#include <new>
#include <pthread.h>
#include <unistd.h>
#include <utility>

namespace troupe {

namespace {

void write_to_stderr(const log_record& record) {
  // One call, so that the line stays whole beside other processes' output.
  const std::string line = line_of(record) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

struct target {
  std::mutex lock;
  std::string process;                               // guarded by lock
  std::shared_ptr<const log_sink> sink;              // guarded by lock; none: standard error
  std::atomic<log_level> least{log_level::warning};  // relaxed: orders nothing
};

/// Never destroyed: what runs at the very end may log, too.
target& here() {
  static target& only = *new target;
  [[maybe_unused]] static const int forkable =
      ::pthread_atfork([] { only.lock.lock(); }, [] { only.lock.unlock(); }, [] { only.lock.unlock(); });
  return only;
}

void set(std::shared_ptr<const log_sink> sink, log_level least) {
  const std::lock_guard guard{here().lock};
  here().sink.swap(sink);  // the old one ends after the lock does
  here().least.store(least, std::memory_order_relaxed);
}

std::string_view name_of(log_level level) {
  switch (level) {
  case log_level::debug: return "debug";
  case log_level::info: return "info";
  case log_level::warning: return "warning";
  case log_level::error: return "error";
  case log_level::off: break;
  }
  return "off";
}

}  // namespace

void log_to_stderr(log_level least) { set(nullptr, least); }

void log_to(log_sink sink, log_level least) {
  if (!sink) throw error{errc::invalid_argument, "log_to: the sink is empty; see log_to_stderr"};
  set(std::make_shared<const log_sink>(std::move(sink)), least);
}

log_level least_logged() noexcept { return here().least.load(std::memory_order_relaxed); }

void log(log_level level, std::string_view text, std::source_location where) noexcept {
  if (level < least_logged() || level == log_level::off) return;
  try {
    log_record record{.level = level,
                      .time = std::chrono::system_clock::now(),
                      .process = {},
                      .pid = ::getpid(),
                      .text = std::string{text},
                      .file = where.file_name(),
                      .line = where.line()};
    std::shared_ptr<const log_sink> sink;
    {
      const std::lock_guard guard{here().lock};
      record.process = here().process;
      sink = here().sink;
    }
    if (!sink) return write_to_stderr(record);
    try {
      (*sink)(record);
    } catch (...) {
      record.text += " (the log's sink threw " + current_exception_text() + ")";
      write_to_stderr(record);
    }
  } catch (const std::exception&) {
    std::fputs("troupe: no memory for a log record\n", stderr);
  }
}

std::string line_of(const log_record& record) {
  std::string line = "[";
  line += name_of(record.level);
  if (!record.process.empty()) line += ' ';
  for (const char c : record.process) line += std::iscntrl(static_cast<unsigned char>(c)) != 0 ? '?' : c;
  return line += " " + std::to_string(record.pid) + "] " + record.text;
}

void logs::name_process(std::string_view name) {
  const std::lock_guard guard{here().lock};
  here().process = name;
}

void logs::set_least(log_level least) noexcept { here().least.store(least, std::memory_order_relaxed); }

}  // namespace troupe
