// One lane: an ordered byte channel that carries chunks under a key of its own.
//
// A lane neither knows nor cares what carries its bytes. Whoever drives it takes frames from
// outgoing_lane and gives what arrives to incoming_lane; each lane may have a thread of its own.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/chunk_codec.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/chunk_packer.hpp>
#include <tallow/transfer/compression_policy.hpp>
#include <tallow/transfer/page_buffer.hpp>
#include <tallow/transfer/sealed_stream.hpp>
#include <tallow/wire/data_record.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {

/// The sending half of a lane. One buffer for one chunk, reused, in which the chunk's bytes begin a
/// page.
class outgoing_lane {
 public:
  /// @param chunk_bytes  the transfer's chunk size; 0 where no chunks will be sent
  outgoing_lane(stream_id stream, crypto::record_sealer sealer, std::size_t chunk_bytes,
                compression_choice compression = {compression_mode::off, 0})
      : stream_(stream), writer_(std::move(sealer)) {
    if (chunk_bytes == 0) return;
    buffer_ = page_buffer(frame_prefix_bytes, chunk_bytes + limits::record_tag_bytes);
    if (compression.mode == compression_mode::off) return;
    packer_.emplace(compression);
    packed_ = page_buffer(frame_prefix_bytes, chunk_bytes + limits::record_tag_bytes);
  }

  [[nodiscard]] stream_id stream() const noexcept { return stream_; }

  /// The first frame of the lane.
  ///
  /// @errors  those of record_sealer::seal
  [[nodiscard]] result<byte_buffer> hello() {
    byte_buffer plaintext;
    append_sealed_plaintext(plaintext, lane_hello{stream_});
    return writer_.seal(frame_type::sealed, plaintext);
  }

  /// A frame with the next chunk of `from`; empty when it has none to send now.
  ///
  /// @shape   returns a view into this object, valid until the next call
  /// @errors  those of record_sealer::seal
  /// @cost    one read and one pass of the cipher; no allocation, no copy
  template <class Sender>
  [[nodiscard]] result<byte_view> next_frame(Sender& from) {
    const auto plain = next_chunk(from);
    if (!plain) return byte_view{};
    return seal(from, buffer_, chunk_codec::none, plain->size());
  }

  /// The same, compressed where that pays. sent() is due for it.
  ///
  /// @param clock  called for the time, an instant
  /// @errors  those of record_sealer::seal
  template <class Sender, class Clock>
  [[nodiscard]] result<byte_view> next_frame(Sender& from, Clock&& clock) {
    const auto plain = next_chunk(from);
    if (!plain) return byte_view{};
    if (packer_) {
      const auto packed = packer_->pack(*plain, packed_.span().subspan(frame_prefix_bytes), clock);
      if (packed) return seal(from, packed_, chunk_codec::zstd, *packed);
    }
    return seal(from, buffer_, chunk_codec::none, plain->size());
  }

  /// The frame is on its way.
  ///
  /// @param sending  how long the call took that sent it
  /// @param whole    how long everything took since the chunk was asked for
  void sent(std::size_t frame_bytes, duration sending, duration whole) noexcept {
    if (packer_) packer_->sent(frame_bytes, sending, whole);
  }

 private:
  static constexpr std::size_t frame_prefix_bytes =
      limits::frame_header_bytes + limits::data_prefix_bytes;

  // Reads the next chunk to where it is sealed.
  template <class Sender>
  std::optional<byte_view> next_chunk(Sender& from) {
    if (!from.take_chunk(stream_, job_)) return std::nullopt;
    const byte_span plain = buffer_.span().subspan(frame_prefix_bytes, job_.bytes);
    from.read_chunk(job_, plain);
    return plain;
  }

  template <class Sender>
  result<byte_view> seal(Sender& from, const page_buffer& where, chunk_codec codec,
                         std::size_t bytes) {
    const byte_span frame =
        where.span().first(frame_prefix_bytes + bytes + limits::record_tag_bytes);
    encode_data_prefix(frame.subspan<limits::frame_header_bytes, limits::data_prefix_bytes>(),
                       codec, job_.chunk);
    if (auto done = writer_.seal_frame(frame_type::data, frame); !done) return fail(done.error());
    from.chunk_framed(frame.size());
    return byte_view(frame);
  }

  stream_id stream_;
  sealed_writer writer_;
  page_buffer buffer_;
  page_buffer packed_;
  std::optional<chunk_packer> packer_;
  chunk_job job_;
};

/// The receiving half of a lane.
class incoming_lane {
 public:
  /// @param chunk_bytes  the transfer's chunk size; 0 where no chunks will come
  incoming_lane(stream_id stream, crypto::record_opener opener, std::size_t chunk_bytes)
      : stream_(stream),
        reader_(std::move(opener), frame_decoder(frames_of_lane, record_bytes_max(chunk_bytes))) {}

  /// Takes the next chunk out of `input`, in place, and removes what was consumed. The greeting of
  /// the lane is dealt with in here.
  ///
  /// @shape   returns a view into `input` or this object, valid until the next call
  /// @errors  those of sealed_reader; peer_message_unexpected when the lane does not begin with
  ///          LANE_HELLO or carries anything but DATA behind it (all final)
  [[nodiscard]] result<std::optional<data_view>> next(byte_span& input) {
    for (;;) {
      const auto record = reader_.next(input);
      if (!record) return fail(record.error());
      if (!*record) return std::nullopt;
      if (!greeted_) {
        if (auto done = greet(**record); !done) return fail(done.error());
        if (input.empty()) return std::nullopt;
        continue;
      }
      if ((*record)->type != frame_type::data) return fail(errc::peer_message_unexpected);
      const auto data = decode_data((*record)->plaintext);
      if (!data) return fail(data.error());
      return *data;
    }
  }

  /// Gives a chunk to the receiver.
  ///
  /// @shape   returns whether the receiver's owner should settle() it
  /// @errors  those of begin_chunk(), chunk_decompressor, write_chunk() and end_chunk()
  template <class Receiver>
  [[nodiscard]] result<bool> deliver(const data_view& data, Receiver& into, chunk_job& job,
                                     instant now) {
    const auto is_new = into.begin_chunk(data.chunk, job);
    if (!is_new || !*is_new) return is_new;
    if (job.is_stream) job.bytes = stream_chunk_bytes(data, job.bytes);
    byte_view plain = data.bytes;
    if (data.codec == chunk_codec::zstd) {
      if (unpacked_.size() < job.bytes) unpacked_.resize(job.bytes);
      const byte_span whole = byte_span(unpacked_).first(job.bytes);
      if (auto done = decompressor_.decompress(data.bytes, whole); !done) return fail(done.error());
      plain = whole;
    }
    if (auto done = into.write_chunk(job, plain); !done) return fail(done.error());
    return into.end_chunk(job, now);
  }

  /// True once the other side has proved that it holds the lane's key.
  [[nodiscard]] bool greeted() const noexcept { return greeted_; }
  [[nodiscard]] stream_id stream() const noexcept { return stream_; }

 private:
  // The length of a chunk that may have any up to `bytes_max`. What is wrong with it, others say.
  static std::size_t stream_chunk_bytes(const data_view& data, std::size_t bytes_max) {
    std::uint64_t bytes = data.bytes.size();
    if (data.codec == chunk_codec::zstd) {
      const auto header = detail::read_zstd_header(data.bytes);
      bytes = header ? header->content_bytes : bytes_max;
    }
    return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, bytes_max));
  }

  result<void> greet(const sealed_reader::opened& record) {
    const byte_view plaintext = record.plaintext;
    if (record.type != frame_type::sealed || plaintext.empty() ||
        plaintext[0] != static_cast<std::byte>(sealed_type::lane_hello)) {
      return fail(errc::peer_message_unexpected, 0, "a lane begins with LANE_HELLO");
    }
    const auto hello = decode_body<lane_hello>(plaintext.subspan(1));
    if (!hello) return fail(hello.error());
    if (hello->stream != stream_) return fail(errc::stream_id_used, hello->stream.value);
    greeted_ = true;
    return {};
  }

  // A LANE_HELLO is smaller than any chunk.
  static constexpr std::size_t record_bytes_max(std::size_t chunk_bytes) noexcept {
    return std::max(chunk_bytes, limits::chunk_bytes_min) + limits::data_prefix_bytes +
           limits::record_tag_bytes;
  }

  stream_id stream_;
  sealed_reader reader_;
  bool greeted_ = false;
  chunk_decompressor decompressor_;
  byte_buffer unpacked_;  // the chunk that came compressed, once one has
};

}  // namespace tallow::transfer
