// What a receiver knows a transfer by when it comes again, after a restart and under another id.
//
// @source  docs/journal.md, Transfer key
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <tallow/base/bytes.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// The same for two transfers exactly when their chunks have one size and their first pages list
/// the same paths, kinds, sizes and times. No secret, and no proof of anything: what lies on the
/// disk is compared by its hash before it counts.
using transfer_key = std::array<std::byte, 16>;

/// The key of the transfer whose first page this is. Modes and link targets are no part of it: they
/// change nothing about the bytes, and each run sets them anew. Neither is `last`: a file more or
/// less on later pages leaves the chunks of this one as they are.
///
/// @cost  O(paths); one allocation
[[nodiscard]] inline transfer_key transfer_key_of(std::uint32_t chunk_bytes,
                                                  const manifest_page& first_page) {
  // Numbers of fixed width, and every path behind its length: no two pages share an encoding.
  byte_buffer text;
  const auto put = [&text](auto number) {
    std::array<std::byte, sizeof number> bytes;
    store_big_endian(number, bytes);
    append(text, bytes);
  };
  put(chunk_bytes);
  put(std::uint64_t{first_page.entries.size()});
  for (const manifest_entry& e : first_page.entries) {
    put(static_cast<std::uint8_t>(e.kind));
    put(e.size);
    put(static_cast<std::uint64_t>(e.mtime_ns));
    put(std::uint64_t{e.path.size()});
    append(text, as_bytes(e.path));
  }
  const crypto::digest32 digest = crypto::sha256({text});
  transfer_key key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

}  // namespace tallow::transfer
