// The bytes of a journal: which chunks of a transfer were written, in a file that survives a crash.
//
// A journal is a header and records behind it; it only grows, until it is written anew as few
// ranges. Each record carries a check, the first 8 bytes of SHA-256 over the check before it and
// its own bytes. A CRC-32C would find torn and flipped records too, one in 2^32 of other garbage
// excepted; the chain of hashes also finds a whole record that does not belong where it stands, as
// an old block of the disk may bring back after a power cut. It costs about a microsecond a record,
// of which there are ten a second, and no code of our own. It does not keep out somebody who may
// write the file: whatever a journal says is compared by hash with the sender before it counts.
//
// @source  docs/journal.md
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/checked.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/transfer/chunk_set.hpp>
#include <tallow/transfer/journal.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// Names one run of the machine: another one may have lost what was not synced. Zeros: unknown.
using boot_id = std::array<std::byte, 16>;

struct journal_header {
  journal_identity identity;
  boot_id boot{};  ///< of the run that writes it
  bool operator==(const journal_header&) const = default;
};

/// Raised when a journal of before would be misread. A file of another one is no journal.
inline constexpr std::uint32_t journal_version = 1;

/// A larger file is no journal: reading one costs at most this, and 64 bytes a range.
inline constexpr std::size_t journal_bytes_max = std::size_t{16} << 20U;

/// What a file says when it is read back.
struct journal_content {
  boot_id boot{};
  chunk_set written;      ///< handed to the operating system
  chunk_set synced;       ///< those of them that were on the disk at the last mark
  std::size_t bytes = 0;  ///< up to the end of the last good record
};

/// The header, if the file begins with one of this version.
[[nodiscard]] std::optional<journal_header> read_journal_header(byte_view file);

/// What a journal says, up to its first record that is torn, damaged or out of place. Nothing when
/// the file is no journal of this version, chunk size and transfer.
///
/// @cost  O(file); memory for the ranges alone
[[nodiscard]] std::optional<journal_content> replay_journal(byte_view file,
                                                            const journal_identity& of);

/// Appends the parts of a journal to a buffer, and knows how long the file is then. A copy goes on
/// from the same place, so that what could not be written is simply not kept.
class journal_encoder {
 public:
  /// Begins a journal.
  journal_encoder(byte_buffer& out, const journal_header& header);

  /// One record of written chunks: 1 to limits::ack_ranges_max ranges, as they stand in an ACK.
  void add_written(byte_buffer& out, std::span<const chunk_range> ranges);

  /// As many records as a set needs, but no more than fit in a journal of `bytes_max` bytes: the
  /// lowest ranges come first, and one that is left out is sent once more.
  void add_written(byte_buffer& out, const chunk_set& chunks, std::size_t bytes_max);

  /// A mark: the chunks of all records that end at or before `below` are on the disk.
  ///
  /// @param below  what bytes() was when the syncing began
  void add_synced(byte_buffer& out, std::size_t below);

  /// The length of the journal so far.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  void add_record(byte_buffer& out, std::byte kind, byte_view body);

  std::array<std::byte, 8> check_{};
  std::size_t bytes_ = 0;
};

// ---- implementation ----

namespace detail::journal {

using check = std::array<std::byte, 8>;

// "tallowj\n": a text editor's line ends and a seven-bit channel damage it visibly.
inline constexpr std::array magic{std::byte{0x74}, std::byte{0x61}, std::byte{0x6C},
                                  std::byte{0x6C}, std::byte{0x6F}, std::byte{0x77},
                                  std::byte{0x6A}, std::byte{0x0A}};

// Magic, version, chunk size, key, boot id.
inline constexpr std::size_t checked_header_bytes = magic.size() + 4 + 4 + 16 + 16;
inline constexpr std::size_t header_bytes = checked_header_bytes + sizeof(check);
// Kind, and length of the body.
inline constexpr std::size_t prefix_bytes = 3;

inline constexpr std::byte kind_written{1};
inline constexpr std::byte kind_synced{2};

// No transfer has a chunk from here on.
inline constexpr std::uint64_t chunks_max = limits::file_bytes_max / limits::chunk_bytes_min;

[[nodiscard]] inline check check_of(const check& before, byte_view record) {
  const crypto::digest32 digest = crypto::sha256({before, record});
  check first{};
  std::copy_n(digest.begin(), first.size(), first.begin());
  return first;
}

struct record {
  std::byte kind{};
  byte_view body;
  byte_view checked;  // kind, length and body
  check sum{};
  std::size_t end = 0;  // offset behind it
};

// The record at `offset`, if it is there as a whole.
[[nodiscard]] inline std::optional<record> record_at(byte_view file, std::size_t offset) {
  const byte_view rest = file.subspan(offset);
  if (rest.size() < prefix_bytes) return std::nullopt;
  const std::size_t body_bytes = load_big_endian<std::uint16_t>(rest.subspan<1, 2>());
  const std::size_t checked_bytes = prefix_bytes + body_bytes;
  if (rest.size() < checked_bytes + sizeof(check)) return std::nullopt;
  record r;
  r.kind = rest[0];
  r.checked = rest.first(checked_bytes);
  r.body = r.checked.subspan(prefix_bytes);
  std::copy_n(rest.begin() + static_cast<std::ptrdiff_t>(checked_bytes), r.sum.size(),
              r.sum.begin());
  r.end = offset + checked_bytes + sizeof(check);
  return r;
}

// The ranges of a record of written chunks, if they are possible ones.
[[nodiscard]] inline std::optional<std::vector<chunk_range>> ranges_in(byte_view body) {
  auto m = decode_body<ack>(body);
  if (!m || m->ranges.empty()) return std::nullopt;
  for (const chunk_range& r : m->ranges) {
    if (r.count == 0 || r.first.value > chunks_max || r.count > chunks_max - r.first.value) {
      return std::nullopt;
    }
  }
  return std::move(m->ranges);
}

[[nodiscard]] inline std::optional<std::size_t> mark_in(byte_view body) {
  if (body.size() != sizeof(std::uint64_t)) return std::nullopt;
  return checked_cast<std::size_t>(load_big_endian<std::uint64_t>(body.first<8>()));
}

}  // namespace detail::journal

inline journal_encoder::journal_encoder(byte_buffer& out, const journal_header& header) {
  const std::size_t start = out.size();
  append(out, detail::journal::magic);
  for (const std::uint32_t number : {journal_version, header.identity.chunk_bytes}) {
    std::array<std::byte, 4> bytes;
    store_big_endian(number, bytes);
    append(out, bytes);
  }
  append(out, header.identity.key);
  append(out, header.boot);
  check_ = detail::journal::check_of({}, byte_view(out).subspan(start));
  append(out, check_);
  bytes_ = detail::journal::header_bytes;
}

inline void journal_encoder::add_record(byte_buffer& out, std::byte kind, byte_view body) {
  const std::size_t start = out.size();
  std::array<std::byte, 2> length;
  store_big_endian(narrow<std::uint16_t>(body.size()), length);
  out.push_back(kind);
  append(out, length);
  append(out, body);
  check_ = detail::journal::check_of(check_, byte_view(out).subspan(start));
  append(out, check_);
  bytes_ += out.size() - start;
}

inline void journal_encoder::add_written(byte_buffer& out, std::span<const chunk_range> ranges) {
  TALLOW_ASSERT(!ranges.empty() && ranges.size() <= limits::ack_ranges_max);
  byte_buffer body;
  encode_body(body, ack{{ranges.begin(), ranges.end()}});
  add_record(out, detail::journal::kind_written, body);
}

inline void journal_encoder::add_written(byte_buffer& out, const chunk_set& chunks,
                                         std::size_t bytes_max) {
  // No record is longer: two numbers of ten bytes a range, and what stands around them.
  constexpr std::size_t record_bytes_max = limits::ack_ranges_max * 20 + 16;
  std::vector<chunk_range> some;
  const auto put = [&] {
    if (!some.empty() && bytes_ + record_bytes_max <= bytes_max) add_written(out, some);
    some.clear();
  };
  chunks.for_each_range([&](const chunk_range& range) {
    some.push_back(range);
    if (some.size() == limits::ack_ranges_max) put();
  });
  put();
}

inline void journal_encoder::add_synced(byte_buffer& out, std::size_t below) {
  TALLOW_ASSERT(below <= bytes_);
  std::array<std::byte, 8> body;
  store_big_endian(std::uint64_t{below}, body);
  add_record(out, detail::journal::kind_synced, body);
}

inline std::optional<journal_header> read_journal_header(byte_view file) {
  namespace format = detail::journal;
  if (file.size() < format::header_bytes) return std::nullopt;
  const byte_view checked = file.first(format::checked_header_bytes);
  const byte_view sum = file.subspan(checked.size(), sizeof(format::check));
  if (!equal(file.first(format::magic.size()), format::magic) ||
      load_big_endian<std::uint32_t>(file.subspan<8, 4>()) != journal_version ||
      !equal(format::check_of({}, checked), sum)) {
    return std::nullopt;
  }
  journal_header h;
  h.identity.chunk_bytes = load_big_endian<std::uint32_t>(file.subspan<12, 4>());
  std::copy_n(file.begin() + 16, 16, h.identity.key.begin());
  std::copy_n(file.begin() + 32, 16, h.boot.begin());
  return h;
}

inline std::optional<journal_content> replay_journal(byte_view file, const journal_identity& of) {
  namespace format = detail::journal;
  const auto header = read_journal_header(file);
  if (!header || header->identity != of) return std::nullopt;
  journal_content content;
  content.boot = header->boot;
  content.bytes = format::header_bytes;
  format::check before;
  std::copy_n(file.begin() + format::checked_header_bytes, before.size(), before.begin());
  std::size_t synced_below = 0;
  while (const auto r = format::record_at(file, content.bytes)) {
    if (format::check_of(before, r->checked) != r->sum) break;
    if (r->kind == format::kind_written) {
      const auto ranges = format::ranges_in(r->body);
      if (!ranges) break;
      for (const chunk_range& range : *ranges) content.written.insert(range);
    } else if (r->kind == format::kind_synced) {
      const auto below = format::mark_in(r->body);
      if (!below || *below > content.bytes) break;
      synced_below = std::max(synced_below, *below);
    } else {
      break;
    }
    before = r->sum;
    content.bytes = r->end;
  }
  // Once more for what the last mark covers. Only now is it known, and keeping the ranges of the
  // records meanwhile would take memory by their number.
  for (std::size_t at = format::header_bytes; at < content.bytes;) {
    const format::record r = *format::record_at(file, at);
    if (r.end > synced_below) break;
    if (r.kind == format::kind_written) {
      const auto ranges = format::ranges_in(r.body);
      for (const chunk_range& range : *ranges) content.synced.insert(range);
    }
    at = r.end;
  }
  return content;
}

}  // namespace tallow::transfer
