// The code that two people share: a public number and a secret of a few words.
// @source docs/protocol/handshake.md, Codes
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/guard.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/crypto/labels.hpp>
#include <tallow/crypto/rng.hpp>
#include <tallow/crypto/wordlist.hpp>

namespace tallow::crypto {

/// Words of a generated code: 33 bits. A relay that guesses once in each of a million sessions a
/// day is right once in 23 years; with two words it would be once in four days.
inline constexpr std::size_t code_words_default = 3;

/// A code of one's own has at least so many words of the list, or
inline constexpr std::size_t code_words_min = 2;
/// at least so many characters.
inline constexpr std::size_t code_characters_min = 12;

/// The room in which the two sides of a nameplate meet. The only thing a relay gets; the password
/// has no part in it.
///
/// @source docs/protocol/handshake.md, Codes
[[nodiscard]] inline room_id room_of(std::uint32_t nameplate) {
  const std::string plate = std::to_string(nameplate);
  const std::array<std::byte, 1> zero{};
  const digest32 digest = sha256({as_bytes(label::room), zero, as_bytes(plate)});
  room_id room;
  std::copy_n(digest.begin(), room.size(), room.begin());
  return room;
}

/// A code: NAMEPLATE-PASSWORD, for example 7-crossover-clockwork. Move-only; wiped when it goes.
///
/// The nameplate is public and keeps rooms apart. Nothing that depends on the password may leave
/// the process except through the handshake: no log, no file name, no argument of another program.
class code_phrase {
 public:
  /// Reads a code as a person writes it: any case, words parted by spaces, underscores or hyphens.
  ///
  /// @errors  code_bad_character (anything but letters, digits and those three, look-alikes of
  ///          other scripts included), code_without_nameplate, code_without_password,
  ///          code_too_weak (fewer than two words of the list and fewer than 12 characters)
  [[nodiscard]] static result<code_phrase> parse(std::string_view text);

  /// Makes a code with so many random words.
  ///
  /// @errors  invalid_argument (fewer than two words, more than 16, or a nameplate of ten digits),
  ///          random_failed, crypto_failed
  [[nodiscard]] static result<code_phrase> generate(std::uint32_t nameplate, std::size_t words,
                                                    random_generator& rng);

  [[nodiscard]] std::uint32_t nameplate() const noexcept { return nameplate_; }
  [[nodiscard]] byte_view password() const noexcept { return password_.view(); }
  [[nodiscard]] room_id room() const { return room_of(nameplate_); }

  /// The code as it is shown to the person who passes it on.
  [[nodiscard]] secret_buffer text() const {
    const std::string plate = std::to_string(nameplate_) + '-';
    secret_buffer whole;
    whole.append(as_bytes(plate));
    whole.append(password());
    return whole;
  }

  [[nodiscard]] code_phrase clone() const { return {nameplate_, password_.clone()}; }

 private:
  code_phrase(std::uint32_t nameplate, secret_buffer password) noexcept
      : nameplate_(nameplate), password_(std::move(password)) {}

  std::uint32_t nameplate_;
  secret_buffer password_;
};

namespace detail {

/// Lower case, hyphens between words, none at either end.
///
/// @errors  code_bad_character
[[nodiscard]] inline result<secret_buffer> canonical_code(std::string_view text) {
  secret_buffer canonical(text.size());
  const byte_span out = canonical.span();
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == ' ' || c == '_') c = '-';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!plain) return fail(errc::code_bad_character, i);
    if (c == '-' && (count == 0 || out[count - 1] == std::byte{'-'})) continue;
    out[count++] = static_cast<std::byte>(c);
  }
  if (count > 0 && out[count - 1] == std::byte{'-'}) --count;
  return secret_buffer(byte_view(out.first(count)));
}

/// True when a password is not among the first that anybody would guess.
[[nodiscard]] inline bool strong_enough(std::string_view password) noexcept {
  if (password.size() >= code_characters_min) return true;
  std::size_t listed = 0;
  while (!password.empty()) {
    const std::size_t end = std::min(password.find('-'), password.size());
    if (word_index(password.substr(0, end))) ++listed;
    password.remove_prefix(std::min(end + 1, password.size()));
  }
  return listed >= code_words_min;
}

}  // namespace detail

inline result<code_phrase> code_phrase::parse(std::string_view text) {
  auto canonical = detail::canonical_code(text);
  if (!canonical) return fail(canonical.error());
  const std::string_view code = as_text(canonical->view());

  std::size_t digits = 0;
  std::uint32_t nameplate = 0;
  while (digits < code.size() && code[digits] >= '0' && code[digits] <= '9') {
    if (digits == 9) return fail(errc::code_without_nameplate, 0, "its number is too long");
    nameplate = nameplate * 10 + static_cast<std::uint32_t>(code[digits] - '0');
    ++digits;
  }
  const bool ends = digits == code.size() || code[digits] == '-';
  const bool leading_zero = digits > 1 && code[0] == '0';
  if (digits == 0 || !ends || leading_zero) return fail(errc::code_without_nameplate);
  if (digits + 1 >= code.size()) return fail(errc::code_without_password);

  const std::string_view password = code.substr(digits + 1);
  if (!detail::strong_enough(password)) return fail(errc::code_too_weak);
  return code_phrase(nameplate, secret_buffer(as_bytes(password)));
}

inline result<code_phrase> code_phrase::generate(std::uint32_t nameplate, std::size_t words,
                                                 random_generator& rng) {
  if (words < code_words_min || words > 16 || nameplate > limits::nameplate_max) {
    return fail(errc::invalid_argument);
  }
  return detail::guarded(errc::crypto_failed, [&]() -> result<code_phrase> {
    secret_buffer password;
    for (std::size_t i = 0; i < words; ++i) {
      // 2048 divides 2^16: the low eleven bits are uniform.
      secret_bytes<2> random;
      rng.randomize(as_u8(byte_span(random.span())));
      const auto index = load_big_endian<std::uint16_t>(random.view()) & 2047U;
      if (i > 0) password.append(as_bytes("-"));
      password.append(as_bytes(wordlist[index]));
    }
    return code_phrase(nameplate, std::move(password));
  });
}

}  // namespace tallow::crypto
