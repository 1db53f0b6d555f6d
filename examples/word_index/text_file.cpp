#include "text_file.hpp"

#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <zlib.h>

namespace word_index {
namespace {

struct close_file {
  void operator()(gzFile_s* file) const noexcept { gzclose_r(file); }
};
using open_file = std::unique_ptr<gzFile_s, close_file>;

constexpr unsigned block = 64 * 1024;

std::string system_text(int code) { return std::system_category().message(code); }

/// Why reading stopped before the end, or an empty text.
std::string read_problem(gzFile_s* file) {
  int code = Z_OK;
  const char* text = gzerror(file, &code);
  if (code == Z_ERRNO) return system_text(errno);
  if (code == Z_OK || code == Z_STREAM_END) return {};
  return std::string{"damaged gzip data: "} + (code == Z_BUF_ERROR ? "ends too early" : text);
}

/// The length of the valid UTF-8 sequence at the front, or 0.
std::size_t sequence_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead >= 0xF0 && lead < 0xF5 ? 4
                                                           : 0;
  if (length == 0 || length > bytes.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  return length;
}

}  // namespace

text_file read_text(const std::string& path) {
  errno = 0;
  const open_file file{gzopen(path.c_str(), "rbe")};  // reads what is no gzip as it is
  if (!file) return {{}, system_text(errno == 0 ? ENOMEM : errno)};
  gzbuffer(file.get(), block);

  std::string content;
  for (;;) {
    const std::size_t before = content.size();
    content.resize(before + block);
    const int got = gzread(file.get(), content.data() + before, block);
    content.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got < static_cast<int>(block)) break;
  }
  if (std::string problem = read_problem(file.get()); !problem.empty()) return {{}, std::move(problem)};
  if (!is_text(content)) return {{}, "binary"};
  return {std::move(content), {}};
}

bool is_text(const std::string& bytes) {
  std::string_view rest = bytes;
  if (rest.find('\0') != std::string_view::npos) return false;
  std::size_t invalid = 0;
  while (!rest.empty()) {
    const std::size_t length = sequence_length(rest);
    invalid += length == 0;
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  return invalid * 20 <= bytes.size();
}

}  // namespace word_index
