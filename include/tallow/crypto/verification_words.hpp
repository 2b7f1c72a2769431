// Six words by which two people make sure that nobody sits between them.
// @source docs/protocol/handshake.md, Verification words
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/wordlist.hpp>

namespace tallow::crypto {

/// The first 66 bits of a handshake's `sas` value as six words of the list.
///
/// Somebody in the middle who guessed the code can try many third messages before sending one, so
/// fewer bits would be too few.
[[nodiscard]] inline std::array<std::string_view, 6> verification_words(
    const secret_bytes<32>& sas) noexcept {
  const auto bytes = sas.view();
  std::array<std::string_view, 6> words;
  for (std::size_t w = 0; w < words.size(); ++w) {
    std::size_t index = 0;
    for (std::size_t bit = 11 * w; bit < 11 * (w + 1); ++bit) {
      const auto byte = std::to_integer<std::size_t>(bytes[bit / 8]);
      index = index << 1U | (byte >> (7 - bit % 8) & 1U);
    }
    words[w] = wordlist[index];
  }
  return words;
}

}  // namespace tallow::crypto
