#include "troupe/base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <memory>
#include <typeinfo>

namespace troupe {

namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "troupe"; }

  std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
    case errc::malformed: return "malformed bytes";
    case errc::type_mismatch: return "type mismatch";
    case errc::end_of_stream: return "end of stream";
    case errc::broken_pipe: return "broken pipe";
    case errc::closed: return "handle is closed";
    case errc::wrong_direction: return "wrong direction";
    case errc::message_too_large: return "message too large";
    case errc::endpoint_in_use: return "endpoint in use";
    case errc::timeout: return "timeout";
    case errc::out_of_memory: return "out of shared memory";
    case errc::not_started: return "not started";
    case errc::already_started: return "already started";
    case errc::still_running: return "still running";
    case errc::not_parent: return "not the parent";
    case errc::process_died: return "process died";
    case errc::start_failed: return "start failed";
    case errc::no_system: return "no system";
    case errc::unknown_function: return "unknown function";
    case errc::actor_gone: return "actor is gone";
    case errc::mailbox_full: return "mailbox full";
    case errc::remote_exception: return "exception elsewhere";
    case errc::unsupported: return "unsupported";
    case errc::invalid_argument: return "invalid argument";
    case errc::name_in_use: return "name in use";
    case errc::no_such_name: return "no such name";
    }
    return "unknown troupe error";
  }
};

}  // namespace

const std::error_category& troupe_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), troupe_category()}; }

error::error(errc code, const std::string& text) : error(make_error_code(code), text) {}

error::error(std::error_code code, const std::string& text) : std::system_error(code, text), text_{text} {}

remote_error::remote_error(std::string type, std::string text, std::string origin)
    : error(errc::remote_exception, origin + " threw " + type + ": " + text)
    , type_{std::move(type)}
    , message_{std::move(text)}
    , origin_{std::move(origin)} {}

void throw_errno(std::string_view call, std::string_view object) {
  const std::error_code code{errno, std::system_category()};
  std::string text{call};
  text.append("(").append(object).append("): ").append(code.message());
  throw error{code, text};
}

std::string current_exception_type() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "unknown";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name{abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                         &std::free};
  return status == 0 ? name.get() : type->name();
}

std::string current_exception_text() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace troupe
