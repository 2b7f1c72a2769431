#include "given_code.hpp"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include <tallow/base/bytes.hpp>

namespace tallow::cli {
namespace {

// The first line of the file; a code is no longer than that.
std::optional<secret_buffer> read_code_file(const std::string& name) {
  std::FILE* file = name == "-" ? stdin : std::fopen(name.c_str(), "re");
  if (file == nullptr) return std::nullopt;
  secret_buffer text;
  for (int c = std::fgetc(file); c != EOF && c != '\n' && text.size() < 1024;
       c = std::fgetc(file)) {
    const auto byte = static_cast<std::byte>(c);
    text.append(byte_view(&byte, 1));
  }
  const bool failed = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (failed) return std::nullopt;
  return text;
}

}  // namespace

result<std::optional<crypto::code_phrase>> find_code(settings& from, secret_buffer environment,
                                                     std::string_view& where) {
  secret_buffer text;
  if (!from.code_argument.empty()) {
    where = "the code";
    text = secret_buffer(as_bytes(from.code_argument));
    wipe(std::as_writable_bytes(std::span(from.code_argument)));
  } else if (!from.code_file.empty()) {
    where = "--code-file";
    auto read = read_code_file(from.code_file);
    if (!read) return fail(errc::invalid_argument, 0, "the file cannot be read");
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
