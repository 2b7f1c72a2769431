// Joining byte strings so that no two different lists give the same bytes.
// @source draft-irtf-cfrg-cpace-21, section 5.1 (prepend_len, lv_cat)
#pragma once

#include <cstddef>
#include <initializer_list>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>

namespace tallow::crypto {

/// Appends CPace's prepend_len(part): the length as LEB128, then the bytes.
inline void append_prepend_len(secret_buffer& out, byte_view part) {
  std::size_t rest = part.size();
  do {
    const auto low = static_cast<unsigned>(rest & 0x7fU);
    rest >>= 7U;
    const std::byte one = static_cast<std::byte>(low | (rest != 0 ? 0x80U : 0U));
    out.append({&one, 1});
  } while (rest != 0);
  out.append(part);
}

/// CPace's lv_cat. (The protocol's own lv(), with four bytes of length, is in hash.hpp: it is only
/// ever hashed.)
[[nodiscard]] inline secret_buffer lv_cat(std::initializer_list<byte_view> parts) {
  secret_buffer out;
  for (const byte_view part : parts) append_prepend_len(out, part);
  return out;
}

}  // namespace tallow::crypto
