#include "identity_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <botan/hex.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>

#include "private_file.hpp"

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view first_line = "tallow identity 1\n";
constexpr std::size_t seed_digits = 2 * crypto::identity_seed::size();

}  // namespace

std::optional<fs::path> identity_path() {
  const char* const data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return fs::path(data) / "tallow/identity";
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return std::nullopt;
  return fs::path(home) / ".local/share/tallow/identity";
}

result<crypto::identity> read_identity(const fs::path& path) {
  constexpr std::size_t bytes_max = first_line.size() + seed_digits + 1;
  const auto bytes = read_private_file(path, bytes_max);
  if (!bytes) return fail(bytes.error());
  const std::string_view text = as_text(bytes->view());
  if (text.size() != bytes_max) return fail(errc::file_failed, 0, "the file is no identity");
  crypto::identity_seed seed;
  const auto digits = text.substr(first_line.size(), seed_digits);
  const bool is_one = text.starts_with(first_line) && text.back() == '\n' &&
                      std::all_of(digits.begin(), digits.end(), [](char c) {
                        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                      });
  if (!is_one) return fail(errc::file_failed, 0, "the file is no identity");
  Botan::hex_decode(as_u8(byte_span(seed.span())), digits);
  return crypto::identity::from_seed(std::move(seed));
}

result<void> write_identity(const fs::path& path, const crypto::identity& own) {
  secret_buffer text(as_bytes(first_line));
  secret_buffer digits(seed_digits + 1);
  const auto seed = as_u8(byte_view(own.seed().view()));
  Botan::hex_encode(reinterpret_cast<char*>(digits.span().data()), seed.data(), seed.size(), false);
  digits.span().back() = std::byte{'\n'};
  text.append(digits.view());
  return create_private_file(path, text.view());
}

}  // namespace tallow::cli
