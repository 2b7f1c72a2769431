// What two peers say to each other inside sealed records. Nothing between them can read these.
//
// The first byte of a record's plaintext is its sealed_type, the rest the body. DATA has no message
// here: its body is raw (data_record.hpp), as handshake bodies are.
//
// @source  docs/protocol/wire.md, Sealed messages
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/codec.hpp>

namespace tallow {

/// The first byte of every sealed plaintext.
enum class sealed_type : std::uint8_t {
  setup = 0x01,
  lanes = 0x02,
  lane_hello = 0x03,
  manifest = 0x04,
  accept = 0x05,
  entries_done = 0x06,
  have = 0x07,
  data = 0x08,
  ack = 0x09,
  verified = 0x0A,
  ident = 0x0B,
  end = 0x0C,
  end_ack = 0x0D,
  abort = 0x0E,
  ping = 0x0F,
  pong = 0x10,
  received = 0x11,
  direct_lanes = 0x12,
};

/// Which way the data goes.
enum class transfer_role : std::uint8_t { sender, receiver };
constexpr transfer_role enum_last(transfer_role) noexcept { return transfer_role::receiver; }

/// Whether data may go over connections between the two peers themselves.
enum class direct_use : std::uint8_t {
  never,      ///< through the relay alone
  preferred,  ///< where it can be had
  required,   ///< or not at all
};
constexpr direct_use enum_last(direct_use) noexcept { return direct_use::required; }

/// Why a peer gives up.
enum class abort_reason : std::uint8_t {
  cancelled,     ///< a person or the program above ended it
  refused,       ///< the receiver does not want what is offered
  disk_full,     ///< the receiver has no space left
  file_trouble,  ///< files could not be read or written
  protocol,      ///< a message that is malformed or not allowed here
  role_clash,    ///< both sides send, or both receive
  quota,         ///< the transfer is larger than the relay allows
  internal,      ///< anything else
  no_direct,     ///< a direct connection is required, and cannot be had
};
constexpr abort_reason enum_last(abort_reason) noexcept { return abort_reason::no_direct; }

/// What an entry of the manifest is.
enum class entry_kind : std::uint8_t { file, directory, symlink };
constexpr entry_kind enum_last(entry_kind) noexcept { return entry_kind::symlink; }

/// Why an entry did not arrive.
enum class failure_reason : std::uint8_t {
  declined,        ///< the receiver did not want it
  bad_path,        ///< its path is not allowed
  not_readable,    ///< the sender could not read it
  source_changed,  ///< it changed while it was being sent
  not_writable,    ///< the receiver could not write it
  name_not_utf8,   ///< its name is not UTF-8
  unsupported,     ///< neither a file, a folder nor a link
};
constexpr failure_reason enum_last(failure_reason) noexcept { return failure_reason::unsupported; }

/// One file, folder or link.
struct manifest_entry {
  std::string path;  ///< UTF-8, relative, components separated by '/'
  entry_kind kind{};
  std::uint64_t size = 0;     ///< bytes; 0 for folders and links
  std::uint32_t mode = 0644;  ///< permission bits, at most 07777
  std::int64_t mtime_ns = 0;  ///< since 1970-01-01T00:00:00Z
  std::string link_target;    ///< links only
  static constexpr auto fields() {
    return field_list(field{&manifest_entry::path, limits::path_bytes_max},
                      field{&manifest_entry::kind}, field{&manifest_entry::size},
                      field{&manifest_entry::mode}, field{&manifest_entry::mtime_ns},
                      field{&manifest_entry::link_target, limits::link_target_bytes_max});
  }
  bool operator==(const manifest_entry&) const = default;
};

/// Entries that did not arrive, and why.
struct entry_failure {
  entry_index entry{};
  failure_reason reason{};
  static constexpr auto fields() {
    return field_list(field{&entry_failure::entry}, field{&entry_failure::reason});
  }
  bool operator==(const entry_failure&) const = default;
};

/// `count` chunks from `first` on.
struct chunk_range {
  chunk_index first{};
  std::uint64_t count = 0;
  static constexpr auto fields() {
    return field_list(field{&chunk_range::first}, field{&chunk_range::count});
  }
  bool operator==(const chunk_range&) const = default;
};

/// Where a peer listens.
struct direct_address {
  std::variant<std::array<std::byte, 4>, std::array<std::byte, 16>> host;  ///< IPv4, or IPv6
  std::uint16_t port = 0;
  static constexpr auto fields() {
    return field_list(field{&direct_address::host}, field{&direct_address::port});
  }
  auto operator<=>(const direct_address&) const = default;
};

/// The first record each way.
struct setup {
  static constexpr sealed_type type = sealed_type::setup;
  transfer_role role{};
  transfer_id transfer{};         ///< the sender's choice; the receiver echoes zeros
  std::uint32_t chunk_bytes = 0;  ///< the sender's choice; the receiver's is 0
  bool stream = false;            ///< the last entry's size is unknown until END
  bool text = false;              ///< meant to be shown, not stored
  bool verify = false;            ///< wait until both people have compared the words
  bool sign = false;              ///< IDENT follows
  std::uint64_t entry_count = 0;  ///< so far
  std::uint64_t byte_count = 0;   ///< so far
  direct_use direct{};
  static constexpr auto fields() {
    return field_list(field{&setup::role}, field{&setup::transfer}, field{&setup::chunk_bytes},
                      field{&setup::stream}, field{&setup::text}, field{&setup::verify},
                      field{&setup::sign}, field{&setup::entry_count}, field{&setup::byte_count},
                      field{&setup::direct});
  }
  bool operator==(const setup&) const = default;
};

/// Announces lanes: from here on these stream ids may be opened, each once.
struct lanes {
  static constexpr sealed_type type = sealed_type::lanes;
  stream_id first{};
  std::uint32_t count = 0;
  bool in_band = false;  ///< inside the control connection, not on connections of their own
  static constexpr auto fields() {
    return field_list(field{&lanes::first}, field{&lanes::count}, field{&lanes::in_band});
  }
  bool operator==(const lanes&) const = default;
};

/// Announces lanes on connections to the peer itself, and where it listens for them.
struct direct_lanes {
  static constexpr sealed_type type = sealed_type::direct_lanes;
  stream_id first{};
  std::uint32_t count = 0;
  std::vector<direct_address> addresses;
  static constexpr auto fields() {
    return field_list(field{&direct_lanes::first}, field{&direct_lanes::count},
                      field{&direct_lanes::addresses, limits::direct_addresses_max});
  }
  bool operator==(const direct_lanes&) const = default;
};

/// The first record of each direction of a lane: proves that its sender holds the lane's key.
struct lane_hello {
  static constexpr sealed_type type = sealed_type::lane_hello;
  stream_id stream{};
  static constexpr auto fields() { return field_list(field{&lane_hello::stream}); }
  bool operator==(const lane_hello&) const = default;
};

struct manifest_page {
  static constexpr sealed_type type = sealed_type::manifest;
  page_index page{};
  entry_index first{};
  bool last = false;
  std::vector<manifest_entry> entries;
  static constexpr auto fields() {
    return field_list(field{&manifest_page::page}, field{&manifest_page::first},
                      field{&manifest_page::last},
                      field{&manifest_page::entries, limits::page_entries_max});
  }
  bool operator==(const manifest_page&) const = default;
};

/// The page's entries are wanted, less those declined (ascending).
struct accept {
  static constexpr sealed_type type = sealed_type::accept;
  page_index page{};
  std::vector<entry_failure> declined;
  static constexpr auto fields() {
    return field_list(field{&accept::page}, field{&accept::declined, limits::page_entries_max});
  }
  bool operator==(const accept&) const = default;
};

/// All bytes of the entries below `below` were sent; those that failed must not be kept.
struct entries_done {
  static constexpr sealed_type type = sealed_type::entries_done;
  entry_index below{};
  std::vector<entry_failure> failed;
  static constexpr auto fields() {
    return field_list(field{&entries_done::below},
                      field{&entries_done::failed, limits::failed_entries_max});
  }
  bool operator==(const entries_done&) const = default;
};

/// The keyed hash of a chunk's plaintext: crypto::claim_hash().
using chunk_hash = std::array<std::byte, 16>;

/// Chunks that a receiver has from an earlier session, to be compared. Without hashes it says that
/// no others below `first` are.
struct have {
  static constexpr sealed_type type = sealed_type::have;
  chunk_index first{};
  std::vector<chunk_hash> hashes;
  static constexpr auto fields() {
    return field_list(field{&have::first}, field{&have::hashes, limits::have_hashes_max});
  }
  bool operator==(const have&) const = default;
};

/// From the receiver chunks that are written, from the sender claims (HAVE) that are confirmed.
struct ack {
  static constexpr sealed_type type = sealed_type::ack;
  std::vector<chunk_range> ranges;
  static constexpr auto fields() { return field_list(field{&ack::ranges, limits::ack_ranges_max}); }
  bool operator==(const ack&) const = default;
};

/// The person has compared the verification words.
struct verified {
  static constexpr sealed_type type = sealed_type::verified;
  static constexpr auto fields() { return field_list(); }
  bool operator==(const verified&) const = default;
};

/// A signed identity; its inside is the identity's own format.
struct ident {
  static constexpr sealed_type type = sealed_type::ident;
  byte_buffer identity;
  static constexpr auto fields() {
    return field_list(field{&ident::identity, limits::ident_bytes_max});
  }
  bool operator==(const ident&) const = default;
};

/// Everything was sent: what it was in all.
struct end {
  static constexpr sealed_type type = sealed_type::end;
  std::uint64_t entry_count = 0;
  std::uint64_t byte_count = 0;
  std::uint64_t chunk_count = 0;
  std::array<std::byte, 64> manifest_hash{};
  static constexpr auto fields() {
    return field_list(field{&end::entry_count}, field{&end::byte_count}, field{&end::chunk_count},
                      field{&end::manifest_hash});
  }
  bool operator==(const end&) const = default;
};

/// Everything is in its place but for what failed. Only then has the sender done its work.
struct end_ack {
  static constexpr sealed_type type = sealed_type::end_ack;
  std::uint64_t entry_count = 0;   ///< entries in place
  std::uint64_t failed_count = 0;  ///< entries that are not; the first of them are listed
  std::vector<entry_failure> failed;
  static constexpr auto fields() {
    return field_list(field{&end_ack::entry_count}, field{&end_ack::failed_count},
                      field{&end_ack::failed, limits::failed_entries_max});
  }
  bool operator==(const end_ack&) const = default;
};

struct peer_abort {
  static constexpr sealed_type type = sealed_type::abort;
  abort_reason reason{};
  static constexpr auto fields() { return field_list(field{&peer_abort::reason}); }
  bool operator==(const peer_abort&) const = default;
};

struct peer_ping {
  static constexpr sealed_type type = sealed_type::ping;
  static constexpr auto fields() { return field_list(); }
  bool operator==(const peer_ping&) const = default;
};

struct peer_pong {
  static constexpr sealed_type type = sealed_type::pong;
  static constexpr auto fields() { return field_list(); }
  bool operator==(const peer_pong&) const = default;
};

/// How many messages of the control channel came in this session family, so that the others can be
/// said again after a reconnect. Does not count itself, nor PING, PONG, LANES, DIRECT_LANES and
/// ABORT.
struct received {
  static constexpr sealed_type type = sealed_type::received;
  std::uint64_t count = 0;
  bool is_new = false;  ///< said by a program that was started anew and has only the keys
  static constexpr auto fields() {
    return field_list(field{&received::count}, field{&received::is_new});
  }
  bool operator==(const received&) const = default;
};

/// Every sealed message, for dispatch, tests and fuzzers.
using peer_messages =
    std::tuple<setup, lanes, direct_lanes, lane_hello, manifest_page, accept, entries_done, have,
               ack, verified, ident, end, end_ack, peer_abort, peer_ping, peer_pong, received>;

}  // namespace tallow
