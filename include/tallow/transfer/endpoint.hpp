// What both ends of a transfer share: where bytes come from and go to, and how far it has got.
//
// @source  docs/protocol/transfer.md
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/entry.hpp>

namespace tallow::transfer {

/// Gives entries, one after the other, and their bytes, from any offset.
///
/// next_entry() returns nothing when all were given; the n-th one it gave is entry_index{n}.
/// read() fills the whole of `out` or returns fewer bytes where the entry ends; an error is told to
/// the receiver for that entry alone. path() names an entry in reports.
template <class S>
concept source = requires(S& s, const S& c, entry_index index, std::uint64_t offset,
                          byte_span out) {
  { s.next_entry() } -> std::same_as<result<std::optional<entry>>>;
  { s.read(index, offset, out) } -> std::same_as<result<std::size_t>>;
  { c.path(index) } -> std::same_as<std::string>;
};

/// A source that is told below which entry it will not be asked to read any more; path() still is.
template <class S>
concept forgetful_source = source<S> && requires(S& s, entry_index index) {
  { s.forget_below(index) } -> std::same_as<void>;
};

/// Takes entries in manifest order, and their bytes at any offset and in any order.
///
/// add_entry() may refuse an entry, and that one alone; with already_exists it says that what is
/// there shall stay, which is no failure. finish_entry() says that every byte of it came,
/// discard_entry() that it must not be kept. commit() puts everything in its place; until then
/// nothing may be seen under its own name. An error of disk_full ends the transfer.
template <class S>
concept sink = requires(S& s, const S& c, entry_index index, const entry& e, std::uint64_t offset,
                        byte_view bytes) {
  { s.add_entry(index, e) } -> std::same_as<result<void>>;
  { s.write(index, offset, bytes) } -> std::same_as<result<void>>;
  { s.finish_entry(index) } -> std::same_as<result<void>>;
  { s.discard_entry(index) } -> std::same_as<result<void>>;
  { s.commit() } -> std::same_as<result<void>>;
  { c.path(index) } -> std::same_as<std::string>;
};

/// A sink that may hold bytes of an earlier session. read_back() fills all of `out`, or fails where
/// it has not got them; from any thread, beside write().
template <class S>
concept readable_sink = sink<S> &&
    requires(S& s, entry_index index, std::uint64_t offset, byte_span out) {
  { s.read_back(index, offset, out) } -> std::same_as<result<void>>;
};

/// What is offered, as far as it is known.
struct offer_summary {
  std::uint64_t file_count = 0;
  std::uint64_t directory_count = 0;
  std::uint64_t link_count = 0;
  std::uint64_t byte_count = 0;
  bool stream = false;     ///< the last entry is a stream, whose length nobody knows
  bool text = false;       ///< a text to be shown and not to be stored
  bool complete = false;   ///< false: at least that much, more pages follow
  std::vector<entry> top;  ///< the first few entries at the top level
  static constexpr std::size_t top_max = 8;

  void add(const entry& e) {
    switch (e.kind) {
      case entry_kind::file: ++file_count; break;
      case entry_kind::directory: ++directory_count; break;
      case entry_kind::symlink: ++link_count; break;
    }
    byte_count += e.size;
    if (top.size() < top_max && e.path.find('/') == std::string::npos) top.push_back(e);
  }
};

/// How far a transfer has got.
struct progress {
  std::uint64_t bytes_done = 0;   ///< written (receiver) or acknowledged (sender)
  std::uint64_t bytes_total = 0;  ///< as far as it is known
  std::uint64_t entries_total = 0;
  bool total_known = false;
};

/// An entry that did not arrive.
struct failed_entry {
  std::string path;  ///< hostile until escaped
  failure_reason reason{};
};

/// How a transfer ended.
struct outcome {
  std::uint64_t entry_count = 0;     ///< entries in place
  std::uint64_t byte_count = 0;      ///< bytes of all entries offered
  std::uint64_t failed_count = 0;    ///< entries that did not arrive and should have
  std::vector<failed_entry> failed;  ///< the first of them
  std::uint64_t skipped_count = 0;   ///< entries that the receiver left out on purpose
  std::vector<std::string> skipped;  ///< the first of them; hostile until escaped
};

/// Failed entries that a report names; more are only counted.
inline constexpr std::size_t failed_entries_reported_max = 1000;

}  // namespace tallow::transfer
