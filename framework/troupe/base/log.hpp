#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <source_location>
#include <string>
#include <string_view>

namespace troupe {

/// How much a log record matters, in rising order.
enum class log_level : std::uint8_t { debug, info, warning, error, off };

/// One record of the log. Can be sent in a message.
struct log_record {
  log_level level = log_level::info;
  std::chrono::system_clock::time_point time;
  std::string process;  ///< the name of the process that logged it; empty before there is a `system`
  int pid = 0;
  std::string text;
  std::string file;  ///< where `log` was called
  std::uint32_t line = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    auto since_epoch = time.time_since_epoch().count();
    archive & level & since_epoch & process & pid & text & file & line;
    time = std::chrono::system_clock::time_point{std::chrono::system_clock::duration{since_epoch}};
  }
};

/// What happens with the records. Called by whichever thread logs, by several at once; may log itself, but not without
/// end. An exception that it throws is reported on standard error, with the record.
using log_sink = std::function<void(const log_record&)>;

/// Where the records of this process go from now on, troupe's own among them: those of at least `least` to standard
/// error, each as one whole line, "[info worker 4242] text". That is also how it begins, with `least` = warning.
/// Processes started afterwards inherit the level. Thread-safe, as is all that follows.
void log_to_stderr(log_level least = log_level::info);
/// The same, to a function of your own. Processes started afterwards inherit the level, but write to standard error
/// until they call this themselves: to gather the records of many, give them a queue<log_record> and a sink that puts.
/// Throws errc::invalid_argument if `sink` is empty.
void log_to(log_sink sink, log_level least = log_level::info);
/// Which records go somewhere: of this level and above.
[[nodiscard]] log_level least_logged() noexcept;

/// Logs a record, if its level is to be logged. Never throws; blocks as long as the sink does.
void log(log_level level, std::string_view text, std::source_location where = std::source_location::current()) noexcept;

/// "[info worker 4242] text", as it appears on standard error.
[[nodiscard]] std::string line_of(const log_record& record);

namespace logs {
/// Private: the name that this process's records carry.
void name_process(std::string_view name);
/// Private: what a process inherits.
void set_least(log_level least) noexcept;
}  // namespace logs

}  // namespace troupe
