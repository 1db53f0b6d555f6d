#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace troupe {

/// What can go wrong, as values of one `std::error_category`. Failed system calls keep their `errno` in the system
/// category instead. The text of every `troupe::error` says what happened, to which object, and what to do.
enum class errc {
  malformed = 1,      ///< bytes from outside are truncated, oversized or lie about their content
  type_mismatch,      ///< a value of one type was asked for as another
  end_of_stream,      ///< nothing more will come: the other side closed or died, and all it sent was delivered
  broken_pipe,        ///< nothing can be sent: the other side closed or died
  closed,             ///< this handle was closed, or moved away
  wrong_direction,    ///< sending on the reading end of a one-way pipe, or receiving on the writing end
  message_too_large,  ///< larger than the room that was offered; the message stays receivable
  endpoint_in_use,    ///< a connection end has one owner at a time
  timeout,            ///< the deadline passed
  out_of_memory,      ///< shared memory of the size needed cannot be had
  not_started,        ///< the process or node was not started yet
  already_started,    ///< the process was started before
  still_running,      ///< the process must have ended first
  not_parent,         ///< only the process that started it may wait for it
  process_died,       ///< the process this call depended on ended
  start_failed,       ///< a process could not be started
  no_system,          ///< `troupe::system` must be constructed first, in main
  unknown_function,   ///< a function is not part of the program image that both sides share
  actor_gone,         ///< the actor has stopped
  mailbox_full,       ///< the receiver's mailbox is at its capacity
  remote_exception,   ///< user code in another process or actor threw; see `remote_error`
  unsupported,        ///< this kernel or this build lacks what is needed
  invalid_argument,   ///< an argument breaks the contract
  name_in_use,        ///< something shared has this name already
  no_such_name,       ///< nothing shared has this name
};

[[nodiscard]] const std::error_category& troupe_category() noexcept;
[[nodiscard]] std::error_code make_error_code(errc code) noexcept;

/// The one exception type of troupe. `what()` is a full sentence; `code()` is a `troupe::errc` or an `errno`.
class error : public std::system_error {
 public:
  error(errc code, const std::string& text);
  error(std::error_code code, const std::string& text);
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

/// An exception that user code threw elsewhere, as it arrives at the caller.
class remote_error : public error {
 public:
  remote_error(std::string type, std::string text, std::string origin);
  [[nodiscard]] const std::string& type() const noexcept { return type_; }      ///< its C++ type
  [[nodiscard]] const std::string& text() const noexcept { return message_; }   ///< its what()
  [[nodiscard]] const std::string& origin() const noexcept { return origin_; }  ///< the process or actor it came from

 private:
  std::string type_;
  std::string message_;
  std::string origin_;
};

/// Throws `error` for the `errno` of a failed system call: the call, the object it was applied to, the system's text.
[[noreturn]] void throw_errno(std::string_view call, std::string_view object);

/// The demangled type name of the exception being handled; "unknown" outside of a handler.
[[nodiscard]] std::string current_exception_type();
/// The `what()` of the exception being handled, or a sentence saying that it has none.
[[nodiscard]] std::string current_exception_text();

}  // namespace troupe

template <>
struct std::is_error_code_enum<troupe::errc> : std::true_type {};
