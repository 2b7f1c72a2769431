// What a lane does with a chunk before it seals it: the policy and the compressor together.
//
// @source  docs/protocol/transfer.md, Compression
#pragma once

#include <cstddef>
#include <optional>

#include <tallow/base/bytes.hpp>
#include <tallow/base/time.hpp>
#include <tallow/transfer/chunk_codec.hpp>
#include <tallow/transfer/compression_policy.hpp>
#include <tallow/wire/data_record.hpp>

namespace tallow::transfer {

/// One for each sending lane. For each chunk pack(), then, once it is on its way, sent(). Where
/// nothing is compressed it allocates nothing and asks for no time.
class chunk_packer {
 public:
  explicit chunk_packer(compression_choice choice) noexcept : policy_(choice) {}

  /// Compresses a chunk, if that pays.
  ///
  /// @param out  at least packed_bytes_max(plain.size()) bytes; not where `plain` lies
  /// @param now  called for the time, an instant, before and after what takes long
  /// @shape  returns how many bytes of `out` to send with codec zstd; nothing when `plain` is to be
  ///         sent as it is
  template <class Now>
  [[nodiscard]] std::optional<std::size_t> pack(byte_view plain, byte_span out, Now&& now) {
    report_ = {};
    report_.plain_bytes = plain.size();
    if (policy_.wants_sample()) {
      const instant before = now();
      const bool shrinks = compressor_.shrinks(plain);
      policy_.handle_sample(shrinks, now() - before);
    }
    const int level = policy_.level();
    if (level == 0) return std::nullopt;
    const instant before = now();
    const auto packed = compressor_.compress(plain, level, out);
    report_.compressing = now() - before;
    if (packed) report_.codec = chunk_codec::zstd;
    return packed;
  }

  /// The chunk's record was handed to the link.
  ///
  /// @param record_bytes  its length, sealed
  /// @param sending       how long the call took that sent it
  /// @param whole         how long everything took, from taking the chunk to the end of that call
  void sent(std::size_t record_bytes, duration sending, duration whole) noexcept {
    report_.sent_bytes = record_bytes;
    report_.sending = sending;
    report_.whole = whole;
    policy_.handle_chunk(report_);
  }

 private:
  compression_policy policy_;
  chunk_compressor compressor_;
  chunk_report report_;
};

}  // namespace tallow::transfer
