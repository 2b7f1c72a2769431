#include "given_code.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <span>
#include <string>
#include <unistd.h>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "terminal.hpp"

namespace tallow::cli {
namespace {

// The first line of the file; a code is no longer than that. Byte by byte: what follows on standard
// input are answers, for whoever reads next.
result<secret_buffer> read_code_file(const std::string& name) {
  files::unique_fd own;
  if (name != "-") {
    own.reset(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!own) return files::fail_errno();
  }
  secret_buffer text;
  while (text.size() < line_bytes_max) {
    std::byte byte{};
    const auto count = ::read(own ? own.get() : STDIN_FILENO, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return files::fail_errno();
    if (count == 0 || byte == std::byte{'\n'}) break;
    text.append(byte_view(&byte, 1));
  }
  return text;
}

}  // namespace

result<std::optional<crypto::code_phrase>> find_code(settings& from, secret_buffer environment,
                                                     std::string& where) {
  secret_buffer text;
  if (!from.code_argument.empty()) {
    where = "the code";
    text = secret_buffer(as_bytes(from.code_argument));
    wipe(std::as_writable_bytes(std::span(from.code_argument)));
  } else if (!from.code_file.empty()) {
    where = "--code-file " + transfer::escape_for_display(from.code_file);
    auto read = read_code_file(from.code_file);
    if (!read) return fail(read.error());
    text = std::move(*read);
  } else if (!environment.empty()) {
    where = "TALLOW_CODE";
    text = std::move(environment);
  } else {
    return std::nullopt;
  }
  auto code = parse_code(as_text(text.view()));
  if (!code) return fail(code.error());
  return std::optional<crypto::code_phrase>(std::move(*code));
}

result<crypto::code_phrase> parse_code(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(first);
  text = text.substr(0, text.find_last_not_of(blanks) + 1);
  return crypto::code_phrase::parse(text);
}

}  // namespace tallow::cli
