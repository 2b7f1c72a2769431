// The quantities of the protocol, each a type of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <tallow/base/strong.hpp>

namespace tallow {

/// One sealed byte order within a session: 0 is the control channel, 1 and up are lanes.
using stream_id = strong<struct stream_id_tag, std::uint32_t>;

/// The place of a chunk in a transfer's byte space, in chunks.
using chunk_index = strong<struct chunk_index_tag, std::uint64_t>;

/// The place of an entry in the manifest, over all pages.
using entry_index = strong<struct entry_index_tag, std::uint64_t>;

/// The place of a page in the manifest.
using page_index = strong<struct page_index_tag, std::uint32_t>;

/// What names a room on a relay. Derived from the nameplate alone, never from the password.
using room_id = std::array<std::byte, 16>;

/// Sixteen random bytes that a client keeps for one transfer, so that a relay knows it again.
using side_id = std::array<std::byte, 16>;

/// Names one transfer between its two ends; never shown to a relay.
using transfer_id = std::array<std::byte, 16>;

/// The stream of the control channel.
inline constexpr stream_id control_stream{0};

}  // namespace tallow
