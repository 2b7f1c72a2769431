// Streams: a last entry whose length nobody knows before its end, and sinks that take bytes in
// order alone.
//
// @source  docs/protocol/transfer.md, Streams
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/endpoint.hpp>

namespace tallow::transfer {

/// How many chunks may be on their way where they are kept in memory until they are written: 32 of
/// the default size, 2 of the largest.
[[nodiscard]] constexpr std::uint64_t stream_window(std::size_t chunk_bytes) noexcept {
  return std::clamp<std::size_t>(limits::stream_window_bytes / chunk_bytes, 2,
                                 limits::stream_window_chunks_max);
}

/// A source whose last entry may be a stream. One thread calls these beside those that read().
///
/// wait_stream() waits until read_stream() would not, and returns false once interrupt_stream()
/// was called, by any thread. read_stream() gives what is there, as much as fits, and 0 at the end.
/// stream_pauses() is true when the next read_stream() would wait.
template <class S>
concept stream_source = source<S> && requires(S& s, byte_span out) {
  { s.wait_stream() } -> std::same_as<result<bool>>;
  { s.read_stream(out) } -> std::same_as<result<std::size_t>>;
  { s.stream_pauses() } -> std::same_as<bool>;
  s.interrupt_stream();
};

/// A sink that takes entries of unknown length. resize_entry() tells, before each write(), how
/// large such an entry is with it, and comes once at least. interrupt_stream(), called by any
/// thread, ends a write() that waits; it fails with `cancelled`.
template <class S>
concept stream_sink = sink<S> && requires(S& s, entry_index index, std::uint64_t size) {
  { s.resize_entry(index, size) } -> std::same_as<result<void>>;
  s.interrupt_stream();
};

/// What one call of pump_stream() came to.
enum class stream_step : std::uint8_t {
  idle,    ///< nothing to do before something else happens
  worked,  ///< lanes or the owner may have something to do now
  over,    ///< nothing more will come
};

}  // namespace tallow::transfer
