#include "troupe/base/error.hpp"
#include "support/catch.hpp"

#include <cerrno>
#include <stdexcept>

using namespace troupe;

TEST_CASE("an error is a system_error whose text is the sentence it was made with") {
  const error e{errc::timeout, "no answer within 1 s"};
  CHECK(e.code() == errc::timeout);
  CHECK(std::string{e.what()} == "no answer within 1 s");
  CHECK(std::string{e.code().category().name()} == "troupe");
  CHECK(dynamic_cast<const std::system_error*>(&e) != nullptr);
}

TEST_CASE("every error code has a message of its own") {
  std::vector<std::string> seen;
  for (int value = 1; value <= static_cast<int>(errc::no_such_name); ++value) {
    const auto text = make_error_code(static_cast<errc>(value)).message();
    CHECK(text != "unknown troupe error");
    CHECK(std::find(seen.begin(), seen.end(), text) == seen.end());
    seen.push_back(text);
  }
}

TEST_CASE("a failed system call becomes an error that names the call, the object and the reason") {
  errno = ENOENT;
  try {
    throw_errno("open", "/no/such/file");
  } catch (const error& e) {
    CHECK(e.code() == std::error_code(ENOENT, std::system_category()));
    CHECK(std::string{e.what()} == "open(/no/such/file): No such file or directory");
  }
}

TEST_CASE("a remote error keeps the type, the text and the origin of the exception") {
  const remote_error e{"std::out_of_range", "index 7", "process bank (pid 42)"};
  CHECK(e.code() == errc::remote_exception);
  CHECK(e.type() == "std::out_of_range");
  CHECK(e.text() == "index 7");
  CHECK(std::string{e.what()} == "process bank (pid 42) threw std::out_of_range: index 7");
}

TEST_CASE("the exception being handled can be named whatever its type is") {
  try {
    throw std::out_of_range{"index 7"};
  } catch (...) {
    CHECK(current_exception_type() == "std::out_of_range");
    CHECK(current_exception_text() == "index 7");
  }
  try {
    throw 42;
  } catch (...) {
    CHECK(current_exception_type() == "int");
    CHECK(current_exception_text() == "an exception that is no std::exception");
  }
}
