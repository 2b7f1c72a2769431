// Every limit of the protocol, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <tallow/base/time.hpp>

namespace tallow::limits {

// ---- frames (docs/protocol/wire.md, Frames) ----

/// Length, type, flags, reserved.
inline constexpr std::size_t frame_header_bytes = 8;

/// A frame's length field stays below 2^24, so that a plain connection begins with a zero byte and
/// a TLS or HTTP one does not.
inline constexpr std::size_t frame_length_limit = std::size_t{1} << 24U;

/// No frame is larger than this before its sender has authenticated: a stranger pins 4 KiB.
inline constexpr std::size_t unauthenticated_frame_bytes_max = 4096;

/// One slice of a stream inside the control connection: small enough that a PING behind a full
/// queue of them goes out soon, large enough that headers cost under a thousandth.
inline constexpr std::size_t peer_slice_bytes_max = std::size_t{16} * 1024;

/// A slice and what stands around it in a PEER frame (stream id 5, length 3).
inline constexpr std::size_t peer_frame_bytes_max = peer_slice_bytes_max + 8;

// ---- records ----

/// Tag of AES-256-GCM and of ChaCha20-Poly1305.
inline constexpr std::size_t record_tag_bytes = 16;

/// Plaintext of a sealed record of the control channel: one manifest page and its envelope.
inline constexpr std::size_t control_plaintext_bytes_max = std::size_t{64} * 1024 + 64;

/// What stands before the bytes of a DATA record: message type 1, codec 1, chunk index 8.
inline constexpr std::size_t data_prefix_bytes = 10;

/// The chunk of ordinary transfers: the measured best of one gather write a record.
inline constexpr std::size_t chunk_bytes_default = std::size_t{256} * 1024;

/// The largest chunk a SETUP may ask for; only transfers above 64 GiB need it.
inline constexpr std::size_t chunk_bytes_max = std::size_t{4} * 1024 * 1024;

/// The smallest chunk, for tests and tiny devices; below it headers and tags weigh.
inline constexpr std::size_t chunk_bytes_min = std::size_t{4} * 1024;

/// One key seals at most this much, and
inline constexpr std::uint64_t stream_bytes_max = std::uint64_t{64} << 30U;
/// at most this many records: both far below what AES-GCM bears (2^36 bytes a nonce, 2^32 nonces).
inline constexpr std::uint64_t stream_records_max = std::uint64_t{1} << 32U;

/// Forgers get this many tries at a 128-bit tag in a session family, then it ends.
inline constexpr unsigned record_failures_max = 8;

/// Lanes of one transfer. More pay nothing on the networks that were measured.
inline constexpr std::uint32_t lanes_max = 16;
/// How long a transfer waits for a lane on a connection of its own before it goes in band.
inline constexpr duration lane_open_wait = std::chrono::seconds(5);

/// Addresses of a peer that listens: more than the interfaces of any machine that people carry.
inline constexpr std::size_t direct_addresses_max = 8;
/// Different ones that a receiver connects to in a session: its network is not for a sender to
/// look around in.
inline constexpr std::size_t direct_endpoints_max = 32;
/// How long direct lanes go before all others: two neighbours need a round trip to the relay and
/// next to nothing more.
inline constexpr duration direct_head_start = std::chrono::milliseconds(300);
/// How long a direct lane may take to open.
inline constexpr duration direct_open_wait = std::chrono::seconds(5);
/// How long a session that requires direct lanes goes on without one.
inline constexpr duration direct_absence_max = std::chrono::seconds(30);
/// A receiver looks at announcements of direct lanes no more often than this.
inline constexpr duration direct_follow_pause = std::chrono::milliseconds(500);

// ---- handshake ----

inline constexpr std::size_t handshake_nonce_bytes = 32;
/// A code may be answered at most this often with the message that carries the masked key.
inline constexpr unsigned handshake_answers_max = 3;
/// From the joiner's first message to the last tag.
inline constexpr duration handshake_timeout = std::chrono::seconds(30);
/// A list of versions or suites in a HELLO; both are one byte counts, and nobody has eight.
inline constexpr std::size_t hello_versions_max = 8;
inline constexpr std::size_t hello_suites_max = 8;

// ---- manifest ----

/// Encoded entries of one page.
inline constexpr std::size_t manifest_page_bytes_max = std::size_t{64} * 1024;
/// Pages that may be under way without an ACCEPT: enough to hide a round trip, 1 MiB at most.
inline constexpr std::size_t manifest_pages_ahead_max = 16;
/// PATH_MAX of Linux less its terminator; longer paths cannot be created in one call anyway.
inline constexpr std::size_t path_bytes_max = 4095;
/// NAME_MAX of every Linux file system in use.
inline constexpr std::size_t path_component_bytes_max = 255;
/// Folders in folders. Deeper trees exist only in tests of this limit.
inline constexpr std::size_t path_depth_max = 256;
/// The target of a link.
inline constexpr std::size_t link_target_bytes_max = 4095;
/// Sizes and offsets stay inside a signed 64-bit file offset.
inline constexpr std::uint64_t file_bytes_max = std::uint64_t{1} << 62U;

/// Chunks in flight beyond the lowest missing one: the receiver's bitmap is 512 bytes.
inline constexpr std::uint64_t chunk_window = 4096;

/// The same where chunks are written in order: both sides hold that much in memory at most.
inline constexpr std::size_t stream_window_bytes = std::size_t{8} * 1024 * 1024;
/// And no more chunks than this, however small they are.
inline constexpr std::size_t stream_window_chunks_max = 32;
/// A text that is shown and not stored.
inline constexpr std::size_t text_bytes_max = std::size_t{64} * 1024;

/// How often the receiver acknowledges at most.
inline constexpr duration ack_interval = std::chrono::milliseconds(100);
/// How long pages are collected before the person is asked.
inline constexpr duration offer_wait = std::chrono::seconds(2);

// ---- liveness ----

/// A sealed PING goes out after this much silence of our own.
inline constexpr duration ping_interval = std::chrono::seconds(15);
/// A peer or relay from which nothing came for this long is gone: three pings.
inline constexpr duration silence_max = std::chrono::seconds(45);

// ---- rooms ----

/// Bytes of a slice while the peers have not recognised each other: no handshake message is larger
/// than half of this, and a stranger pins no more.
inline constexpr std::size_t handshake_slice_bytes_max = unauthenticated_frame_bytes_max - 8;
/// What both sides together may send in one pairing before the room is live: a handshake is 4 KiB.
inline constexpr std::uint64_t handshake_bytes_max = std::uint64_t{64} * 1024;
/// How often a room may go back from paired to waiting: as often as a code may be answered.
inline constexpr unsigned room_returns_max = handshake_answers_max;
/// How long the place of a side that was lost while it waited is kept for it.
inline constexpr duration room_reclaim_time = std::chrono::seconds(60);
/// How long a room whose code is spent turns away those who come later.
inline constexpr duration room_tombstone_time = std::chrono::minutes(10);
/// From a connection's first moment to its place in a room, whatever it sends meanwhile.
inline constexpr duration relay_greeting_timeout = std::chrono::seconds(10);
/// How long a connection may stay after its room is over, to take what is on its way or to join
/// another.
inline constexpr duration relay_parted_timeout = std::chrono::seconds(30);
/// A connection that took nothing of what waits for it in this time is closed.
inline constexpr duration relay_stall_timeout = std::chrono::seconds(30);
/// Bytes that wait for one connection before the relay stops reading from its partner: a fast path
/// is kept full, and a thousand rooms with a stalled reader each pin 256 MiB.
inline constexpr std::size_t relay_queue_bytes_max = std::size_t{256} * 1024;

/// Tickets and open lanes of one side of a room at once: all lanes of a transfer, and as many new
/// ones while the relay has not noticed yet that those are dead.
inline constexpr std::size_t room_lanes_max = 2 * std::size_t{lanes_max};
/// How long one direction of a lane may go on after the other has ended.
inline constexpr duration lane_half_open_time = std::chrono::seconds(30);
/// How long a lane ticket may be used: the other side may get its own a round trip later, and has
/// to open a connection first, perhaps over a network that loses its first packets.
inline constexpr duration lane_ticket_time = std::chrono::seconds(60);

// ---- relay messages ----

inline constexpr std::size_t relay_versions_max = 8;
inline constexpr std::size_t software_bytes_max = 64;
inline constexpr std::size_t notice_bytes_max = 512;
/// Nameplates have 1 to 9 digits.
inline constexpr std::uint32_t nameplate_max = 999'999'999;
/// Reports of failed entries in one message; more come in further messages.
inline constexpr std::size_t failed_entries_max = 1024;
/// Ranges in one ACK.
inline constexpr std::size_t ack_ranges_max = 512;
/// Entries of one page, and so the most that an ACCEPT declines: a full page of the shortest that a
/// file system has (name 2, kind 1, size 1, mode 2, mtime 9, no link 1: 16 bytes) holds half of it.
inline constexpr std::size_t page_entries_max = 8192;
inline constexpr std::size_t lane_tickets_max = 16;
/// Hashes in one HAVE: 64 KiB of them.
inline constexpr std::size_t have_hashes_max = 2000;
/// An identity: two public keys and two signatures of ML-DSA-65 and Ed25519 are 5.4 KiB.
inline constexpr std::size_t ident_bytes_max = 8192;
inline constexpr std::size_t lane_ticket_bytes = 32;

}  // namespace tallow::limits
